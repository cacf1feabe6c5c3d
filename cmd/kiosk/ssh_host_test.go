package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// sshHost is an enrollment host: sshd, sudo, and the kiosk installed from packaging/
// beside real servers. Its accounts, its sudoers and its sshd exist in the mount and
// network namespace of the tests only.
type sshHost struct {
	*site
	kioskUID, kioskGID int
	pin                string
	letters            *postbox
	sshd               *lockedBuffer
	kept               func(string) string // fills in where the installation lies
}

// The accounts of the host.
const (
	kioskAccount = "kiosk"
	adaOp        = "ada-op" // an operator, of the group that sshd has a command for
	bobOp        = "bob-op" // another, whose login shell is the kiosk
	operators    = "kiosk-operators"
)

const firstUID = 64_990

// needsRoot skips a test for want of root.
func needsRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("only root makes accounts and starts sshd")
		}
		t.Skip("only root makes accounts and starts sshd")
	}
}

// openHost installs everything as packaging/README.md says, and starts sshd twice:
// as its snippet wants it, and without the snippet.
func openHost(t *testing.T) *sshHost {
	t.Helper()
	needsRoot(t)
	needs(t, "/usr/sbin/sshd", "ssh", "scp", "sftp", "ssh-keygen", "sudo", "visudo", "tmux", "openssl", "opensc-tool", "yubico-piv-tool")
	h := &sshHost{site: openSite(t, openLDAP, startSlapd), pin: randomPIN(), kioskUID: firstUID, kioskGID: firstUID, sshd: &lockedBuffer{}}
	h.letters = &postbox{pipe: h.box}
	h.kept = strings.NewReplacer("/usr/local/bin/", h.path("bin")+"/", "/etc/kiosk/", h.path("etc")+"/", "/var/lib/kiosk", h.path("var")).Replace
	h.makeAccounts()
	h.install()
	h.startSSHD("sshd-operators", "Subsystem sftp internal-sftp\n"+h.kept(fromTop(t, "packaging/sshd_config.d/kiosk.conf")))
	h.startSSHD("sshd-plain", "Subsystem sftp /usr/lib/openssh/sftp-server\n") // internal-sftp would ask no login shell
	return h
}

func randomPIN() string {
	digits := []byte(randomWord(8))
	for i := range digits {
		digits[i] = '0' + digits[i]%10
	}
	return string(digits)
}

// makeAccounts puts copies of the machine's accounts over them, with ours in them.
func (h *sshHost) makeAccounts() {
	h.t.Helper()
	h.folder("home", 0, 0o755)
	passwd, shadow, group := "", "", ""
	for i, a := range []struct{ name, home, shell string }{
		{kioskAccount, h.path("var"), "/usr/sbin/nologin"}, {adaOp, h.path("home/" + adaOp), "/bin/bash"}, {bobOp, h.path("home/" + bobOp), h.path("bin/kiosk-login")},
	} {
		passwd += fmt.Sprintf("%s:x:%d:%d::%s:%s\n", a.name, firstUID+i, firstUID+i, a.home, a.shell)
		shadow += a.name + ":*:19000:0:99999:7:::\n"
		group += fmt.Sprintf("%s:x:%d:\n", a.name, firstUID+i)
		h.folder("home/"+a.name, firstUID+i, 0o700)
	}
	group += fmt.Sprintf("%s:x:%d:%s,%s\n", operators, firstUID+9, adaOp, bobOp)
	for file, more := range map[string]string{"/etc/passwd": passwd, "/etc/shadow": shadow, "/etc/group": group} {
		h.over(file, withoutAccounts(read(h.t, file))+more)
	}
	if err := os.Chmod("/etc/shadow", 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// withoutAccounts leaves out accounts of the machine that are called as ours.
func withoutAccounts(file string) (rest string) {
	for line := range strings.Lines(file) {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case kioskAccount, adaOp, bobOp, operators:
		default:
			rest += line
		}
	}
	return rest
}

// over mounts another text over a file, until the test ends.
func (h *sshHost) over(file, text string) {
	h.t.Helper()
	copied := h.path("over-" + filepath.Base(file))
	about, err := os.Stat(file)
	if err != nil {
		h.t.Fatal(err)
	}
	write(h.t, copied, text)
	if err := os.Chmod(copied, about.Mode().Perm()); err != nil {
		h.t.Fatal(err)
	}
	if err := unix.Mount(copied, file, "", unix.MS_BIND, ""); err != nil {
		h.t.Fatalf("mount over %s: %v", file, err)
	}
	h.t.Cleanup(func() {
		if err := unix.Unmount(file, unix.MNT_DETACH); err != nil {
			h.t.Errorf("what was mounted over %s stays: %v", file, err)
		}
	})
}

func (h *sshHost) folder(name string, owner int, mode os.FileMode) {
	h.t.Helper()
	if err := os.Mkdir(h.path(name), mode); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chown(h.path(name), owner, owner); err != nil {
		h.t.Fatal(err)
	}
}

// install puts program, configuration, secrets and sudoers where they belong, for
// those whom they are for.
func (h *sshHost) install() {
	h.t.Helper()
	h.folder("bin", 0, 0o755)
	h.folder("etc", 0, 0o750)
	h.folder("etc/station", 0, 0o750)
	h.folder("var", h.kioskUID, 0o700)
	h.copies(kioskProgram(h.t), "bin/kiosk", 0o755)
	h.puts("bin/kiosk-login", h.kept(fromTop(h.t, "packaging/bin/kiosk-login")), 0o755)
	for _, name := range []string{"directory-password", "mail-password", "root.pem", "helpdesk.recipient", "station/station.crt", "station/station.key", "station/root.crt"} {
		h.copies(h.path(name), "etc/"+name, 0o640)
	}
	h.puts("etc/sudo.env", fromTop(h.t, "packaging/sudo.env"), 0o640)
	h.puts("pin", h.pin+"\n", 0o640)
	h.over("/etc/sudoers", "Defaults !fqdn, logfile="+h.path("sudo.log")+"\nroot ALL=(ALL:ALL) ALL\n"+h.kept(fromTop(h.t, "packaging/sudoers.d/kiosk")))
	if out, err := exec.Command("visudo", "-c").CombinedOutput(); err != nil {
		h.t.Fatalf("visudo: %v\n%s", err, out)
	}
	for _, name := range []string{"etc", "etc/station"} {
		if err := os.Chown(h.path(name), 0, h.kioskGID); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := os.Chmod("/run/pcscd", 0o755); err != nil { // as its package makes it
		h.t.Fatal(err)
	}
}

// puts writes a file that root owns; what only some may read is for the kiosk's group.
func (h *sshHost) puts(name, text string, mode os.FileMode) {
	h.t.Helper()
	write(h.t, h.path(name), text)
	for _, err := range []error{os.Chmod(h.path(name), mode), os.Chown(h.path(name), 0, h.kioskGID)} {
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *sshHost) copies(from, name string, mode os.FileMode) {
	h.t.Helper()
	h.puts(name, read(h.t, from), mode)
}

// startSSHD starts an sshd of this name, on the port that h.port tells.
func (h *sshHost) startSSHD(name, more string) {
	h.t.Helper()
	key := h.path("client-key")
	if _, err := os.Stat(key); err != nil {
		h.keygen(key)
	}
	h.keygen(h.path(name + "-key"))
	h.puts("authorized_keys", read(h.t, key+".pub"), 0o644)
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		h.t.Fatal(err)
	}
	addr := freeAddress(h.t)
	_, port, _ := net.SplitHostPort(addr)
	write(h.t, h.path(name), "ListenAddress 127.0.0.1:"+port+"\nHostKey "+h.path(name+"-key")+"\nPidFile none\nAuthorizedKeysFile "+h.path("authorized_keys")+
		"\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nAcceptEnv LANG\nLogLevel DEBUG2\n"+more)
	if out, err := exec.Command("/usr/sbin/sshd", "-t", "-f", h.path(name)).CombinedOutput(); err != nil {
		h.t.Fatalf("sshd -t: %v\n%s", err, out)
	}
	backgroundSaying(h.t, exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", h.path(name)), h.sshd, answers(addr))
	write(h.t, h.path(name+"-port"), port)
}

func (h *sshHost) keygen(file string) {
	h.t.Helper()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		h.t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
}

// ssh is the client's command line, to the sshd of this name.
func (h *sshHost) ssh(sshd, who string, more ...string) []string {
	args := append([]string{"ssh"}, h.sshOptions(sshd, "-p")...)
	return append(append(args, who+"@127.0.0.1"), more...)
}

func (h *sshHost) sshOptions(sshd, port string) []string {
	return []string{
		"-F", "/dev/null", "-i", h.path("client-key"), port, read(h.t, h.path(sshd+"-port")),
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "SendEnv=LANG",
	}
}

// configureHost writes the kiosk's configuration, with the CA at this address.
func (h *sshHost) configureHost(ca string, policies ...string) {
	h.t.Helper()
	head, _, _ := strings.Cut(realConfig, "[[policy]]")
	head = strings.NewReplacer(`folder = "."`, `folder = "`+h.path("var")+`"`, `users = ["demo", "ACCOUNT"]`, fmt.Sprintf("users = [%q, %q, %q]", kioskAccount, adaOp, bobOp)).Replace(head)
	text := h.fill.Replace("[readers]\nignore = [\"" + h.daemon.Readers[1].Name + "\"]\n" + head + h.directory + strings.Join(policies, "\n"))
	if ca != "" {
		text = strings.NewReplacer("https://"+h.serving.api, ca, `root_file = "station/root.crt"`, `root_file = "root.pem"`).Replace(text)
	}
	h.puts("etc/config.toml", text, 0o640)
}

// asKiosk runs the program as the kiosk's account, as its worker is run.
func (h *sshHost) asKiosk(args ...string) (out string, code int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), h.path("bin/kiosk"), args...)
	cmd.Dir = h.path("var")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(h.kioskUID), Gid: uint32(h.kioskGID)}}
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// running are the processes of sessions that run the installed kiosk.
func (h *sshHost) running() []int {
	return h.processes(func(title string) bool { return strings.HasPrefix(title, h.path("bin/kiosk")+"\x00--config=") })
}

// says runs the client to its end, without a terminal, and returns all that was said.
func (h *sshHost) says(command []string) (said string, code int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	in, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	_ = in.Close()
	var b lockedBuffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Run(); cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}
