// WitnessServer: evidence::Witness over HTTP (c2sp.org/tlog-witness). Without TLS and without
// logins: what it takes and gives is signed. Meant for a network of mail hosts, not for the
// Internet.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "evidence/witness.h"

namespace mailvigil::app {

struct WitnessServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;           ///< 0: one that is free
    std::string prefix = {};          ///< of the paths, without a slash at its end
    unsigned threads = 4;             ///< requests that are answered at once
    std::size_t queue_max = 64;       ///< connections that wait for that; more are refused (503)
    std::chrono::seconds timeout{5};  ///< of one request, from its first byte to its answer's last
};

/// Serves from start() until its destruction, in threads of its own:
///     POST <prefix>/add-checkpoint
///     GET  <prefix>/<SHA-256 of an origin>/checkpoint
class WitnessServer {
  public:
    /// `witness` must outlive the server and not be used beside it. Error: unwritable where the
    /// address cannot be listened on.
    static Result<std::unique_ptr<WitnessServer>> start(evidence::Witness& witness,
                                                        const WitnessServerOptions& options);

    [[nodiscard]] std::uint16_t port() const;

    ~WitnessServer();  ///< lets running requests end

  private:
    struct State;
    explicit WitnessServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mailvigil::app
