// soak: several clients against a real daemon for minutes, with everything drawn at random from one seed (README.md).
#include <CLI/CLI.hpp>

#include <filesystem>
#include <random>

#include "tests/soak/client.h"
#include "tests/soak/storm.h"

int main(int argc, char** argv) {
  etd::soak::Options options;
  options.seed = std::random_device()();
  options.model = ETD_SOURCE_DIR "/clients/export/embedded/model";
  options.daemon = ETD_DAEMON;
  etd::soak::ClientOptions client;
  int64_t number = -1;

  CLI::App app{"Lets clients loose on an etd, cuts some of them off, and compares what the others got", "soak"};
  app.add_option("--minutes", options.minutes, "How long")->capture_default_str();
  app.add_option("--actions", options.actions, "Instead of a time, what each client does: 0 is by time")
      ->capture_default_str();
  app.add_option("--clients", options.clients, "Clients at once")->check(CLI::Range(1, 30))->capture_default_str();
  app.add_option("--seed", options.seed, "Draws the same again; random when not given");
  app.add_option("--model", options.model, "Another model's folder than the embedded one");
  app.add_option("--daemon", options.daemon, "Another etd than the one of this build");
  app.add_option("--least-cancels", options.least_cancels, "A run with fewer cancelled requests fails")
      ->capture_default_str();
  app.add_option("--prompt-tokens", options.lengths.prompt, "Longest prompt, about")
      ->check(CLI::Range(4, 100000))
      ->capture_default_str();
  app.add_option("--answer-tokens", options.lengths.answer, "Longest answer; three times that where it is cut off")
      ->check(CLI::Range(4, 100000))
      ->capture_default_str();
  app.add_option("--client", number, "")->group("");
  app.add_option("--first-action", client.first_action, "")->group("");
  app.add_option("--until-ns", client.until_ns, "")->group("");
  app.add_option("--socket", client.socket, "")->group("");
  app.add_option("--framed-socket", client.framed_socket, "")->group("");
  CLI11_PARSE(app, argc, argv);
  if (number >= 0) {
    client.number = static_cast<uint64_t>(number);
    return etd::soak::RunClient(options, client);
  }
  options.model = std::filesystem::absolute(options.model).string();
  return etd::soak::RunStorm(options, std::filesystem::read_symlink("/proc/self/exe").string());
}
