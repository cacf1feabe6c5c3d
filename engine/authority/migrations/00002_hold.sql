-- A certificate that was released from hold keeps the number of the CRL that
-- told of the hold (crl, with revoked NULL) until one is published that does
-- not.

-- +goose Up
CREATE INDEX certificates_released ON certificates (crl) WHERE revoked IS NULL AND crl IS NOT NULL;
