#!/usr/bin/env python3
"""What serving costs: one stream through etd and gRPC against `etrun bench` on the same file, alternating in one run.

  python3 tests/bench/service/run.py MODEL_FOLDER [--prompt 511] [--generate 64] [--threads 2] [--rounds 5]

Each round runs `etrun bench` and then the same number of streams through a daemon that was started for this run: `etctl
generate --json`, greedy, one session, a prompt of as many tokens. The first token comes with the prompt; decode is the
steps after it, counted by the client from the arrival of the first text to that of the last message. Prefill is the
daemon's own figure, and reads the prompt in its chunks (schedule.prefill_chunk), as always when it serves.

Prints the best of all rounds of each side with the spread, the ratio of the bests, and CPU times: of the client's process
for each token (what a client costs that streams nothing is taken off), and of the daemon for each decoded token.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = ("The river runs from the hills to the sea and nobody knows how old it is. People came here to fish, to wash and to "
        "tell each other stories, and in the evening they went home again over the bridge. ")


class Daemon:
    """An etd on a temporary socket, with the model loaded."""

    def __init__(self, bin_folder, folder, model, threads):
        self.etctl = str(bin_folder / "etctl")
        self.socket = f"{folder}/etd.sock"
        config = pathlib.Path(folder, "etd.toml")
        config.write_text(f'socket.path = "{self.socket}"\ncache.directory = "{folder}/cache"\n'
                          f'compute.threads = {threads}\nlog.level = "warn"\n')
        self.process = subprocess.Popen([str(bin_folder / "etd"), "--config", str(config)])
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit("etd did not start")
            if subprocess.run([self.etctl, "--socket", self.socket, "status"], capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        self.run("load", str(pathlib.Path(model).resolve()), "--name", "bench")

    def run(self, *arguments, text=None):
        done = subprocess.run([self.etctl, "--socket", self.socket, *arguments], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"etctl {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def cpu_seconds(self):
        """Of all threads, in nanosecond steps; threads that ended are missing, and none does."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def stop(self):
        self.process.terminate()
        self.process.wait()


def prompt_of(daemon, tokens):
    """A text of exactly so many tokens."""
    words = (TEXT * (tokens // 30 + 2)).split(" ")
    low, high = 1, len(words)
    while low < high:  # the most words that are not too many tokens
        middle = (low + high + 1) // 2
        if int(daemon.run("tokenize", "bench", "-", "--count", text=" ".join(words[:middle]))) <= tokens:
            low = middle
        else:
            high = middle - 1
    text = " ".join(words[:low])
    while int(daemon.run("tokenize", "bench", "-", "--count", text=text)) < tokens:
        text += "."
    if int(daemon.run("tokenize", "bench", "-", "--count", text=text)) != tokens:
        sys.exit(f"no text of exactly {tokens} tokens was found; try another --prompt")
    return text


def cpu_of(command, text):
    """Runs a client; its lines with their times, and its CPU seconds."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(text.encode())
    process.stdin.close()
    lines = []
    while line := process.stdout.readline():
        lines.append((time.monotonic(), line))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with status {process.returncode}")
    return lines, usage.ru_utime + usage.ru_stime


def stream(daemon, prompt, generate):
    before = daemon.cpu_seconds()
    lines, client_cpu = cpu_of([daemon.etctl, "--socket", daemon.socket, "--json", "generate", "bench", "--raw", "--temperature",
                                "0", "--max-tokens", str(generate + 1)], prompt)
    daemon_cpu = daemon.cpu_seconds() - before
    end = json.loads(lines[-1][1])["end"]
    usage, timing = end["usage"], end["timing"]
    if usage["completion_tokens"] != generate + 1:
        sys.exit(f"the model ended its text after {usage['completion_tokens']} tokens; choose another --prompt or --generate")
    return {"decode": generate / (lines[-1][0] - lines[0][0]), "decode_by_daemon": timing["decode_tokens_per_second"],
            "prefill": timing["prefill_tokens_per_second"], "client_cpu": client_cpu, "daemon_cpu": daemon_cpu,
            "decode_seconds": timing["decode"]}


def bench(etrun, program, arguments):
    done = subprocess.run([etrun, "bench", program, "--prompt", str(arguments.prompt), "--gen", str(arguments.generate), "--threads",
                           str(arguments.threads), "--repeat", str(arguments.repeat), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"etrun failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the model's folder")
    parser.add_argument("--prompt", type=int, default=511)
    parser.add_argument("--generate", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=2, help="of each side in a round")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.model, "model.pte"))
    ours, alone = [], []
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(arguments.bin, folder, arguments.model, arguments.threads)
        try:
            prompt = prompt_of(daemon, arguments.prompt)
            stream(daemon, prompt, arguments.generate)  # the first one finds nothing warm
            idle_client = min(cpu_of([daemon.etctl, "--socket", daemon.socket, "--json", "status"], "")[1] for _ in range(5))
            for _ in range(arguments.rounds):
                alone.append(bench(str(arguments.bin / "etrun"), program, arguments))
                ours += [stream(daemon, prompt, arguments.generate) for _ in range(arguments.repeat)]
        finally:
            daemon.stop()
    print(f"{program}: {arguments.prompt} + {arguments.generate} tokens, {arguments.threads} threads, {arguments.rounds} rounds of "
          f"{arguments.repeat}")
    for name, key, reference in (("decode tokens/s", "decode", "decode"), ("  by the daemon", "decode_by_daemon", "decode"),
                                 ("prefill tokens/s", "prefill", "prefill")):
        a = [result[key] for result in ours]
        b = [x for result in alone for x in result[reference]["samples"]]
        print(f"{name:17} etd and gRPC {max(a):8.1f} ({min(a):.1f} … {max(a):.1f})   etrun {max(b):8.1f} ({min(b):.1f} … {max(b):.1f})"
              f"   ratio {max(a) / max(b):.3f}")
    tokens = arguments.generate + 1
    client = sorted(result["client_cpu"] for result in ours)[len(ours) // 2]
    print(f"client CPU        {1e6 * max(client - idle_client, 0) / tokens:.0f} µs for each token, and {1e3 * idle_client:.1f} ms to start, "
          "connect and end")
    best = max(ours, key=lambda result: result["decode"])
    total = tokens + arguments.prompt
    print(f"daemon CPU        {1e3 * best['daemon_cpu']:.0f} ms for the request of {total} tokens ({arguments.threads} threads compute)")


if __name__ == "__main__":
    main()
