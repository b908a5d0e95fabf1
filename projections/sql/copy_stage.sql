-- Rows arrive here in binary.
COPY {stage} FROM STDIN (FORMAT BINARY);
