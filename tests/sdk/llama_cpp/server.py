#!/usr/bin/env python3
"""llama.cpp's own HTTP server, as the package xllamacpp has it, until its standard input ends: server.py MODEL SLOTS SLOT_TOKENS

Its log goes to standard error; standard output has one line, its address. One thread computes: with more, each waits for the
slowest of them after every step, and beside other work it is ten times slower.
"""
import sys

import xllamacpp


def main():
    model, slots, slot_tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_parallel, parameters.n_ctx = slots, slots * slot_tokens
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
