// One of the two users of cpp-httplib; it throws in places, which ends here.
#include "app/witness_client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "base/escape.h"
#include "base/sha256.h"
#include "evidence/witness.h"

namespace mailvigil::app {

namespace {

struct Url {
    std::string server;  ///< scheme, host and port
    std::string path;    ///< without a slash at its end
};

struct Response {
    int status = 0;
    std::string body;
};

Result<Url> parse_url(std::string_view text) {
    const std::size_t scheme = text.find("://");
    const bool known = text.starts_with("http://") || text.starts_with("https://");
    const bool plain = text.find_first_of(" \t\r\n?#@") == std::string_view::npos;
    if (!known || !plain || scheme + 3 == text.size()) {
        return fail(ErrorCode::malformed,
                    fmt::format("\"{}\" is no witness's address, http[s]://HOST[:PORT][/PATH]",
                                escape_for_terminal(text)));
    }
    const std::size_t slash = std::min(text.find('/', scheme + 3), text.size());
    std::string_view path = text.substr(slash);
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    return Url{.server = std::string(text.substr(0, slash)), .path = std::string(path)};
}

std::unexpected<Error> no_connection(const Url& url, std::string_view why) {
    return fail(ErrorCode::unreadable,
                fmt::format("cannot ask the witness at {}: {}",
                            escape_for_terminal(url.server),
                            escape_for_terminal(why)));
}

Result<Response> post(const Url& url, std::chrono::seconds timeout, std::string body) {
    try {
        httplib::Client client(url.server);
        if (!client.is_valid()) {
            return no_connection(url, "the address is not valid");
        }
        client.set_connection_timeout(timeout);
        client.set_read_timeout(timeout);
        client.set_write_timeout(timeout);
        client.set_decompress(false);
        httplib::Request request;
        request.method = "POST";
        request.path = url.path + "/add-checkpoint";
        request.set_header("Content-Type", "text/plain; charset=utf-8");
        request.body = std::move(body);
        Response response;
        bool fits = true;
        request.content_receiver = [&](const char* bytes,
                                       std::size_t count,
                                       std::uint64_t /*offset*/,
                                       std::uint64_t /*total*/) {
            fits = response.body.size() + count <= evidence::kWitnessBodyBytesMax;
            if (fits) {
                response.body.append(bytes, count);
            }
            return fits;
        };
        const httplib::Result result = client.send(request);
        if (!fits) {
            return no_connection(url, "its response is too large");
        }
        if (!result) {
            return no_connection(url, httplib::to_string(result.error()));
        }
        response.status = result->status;
        return response;
    } catch (const std::exception& thrown) {
        return no_connection(url, thrown.what());
    }
}

/// Records that the proof needs were pruned.
std::unexpected<Error> cannot_continue(const WitnessRequest& request, std::uint64_t old_size) {
    return fail(
        ErrorCode::unknown,
        fmt::format(
            "{0} cosigned this ledger up to size {1} last, and what was sealed there is pruned: it "
            "can't be proved any more that the ledger of today continues that one. What to do: "
            "verify the ledger with the key that was kept elsewhere (mailvigil evidence verify "
            "--vkey), say at the witness that size {1} is where its history ends, and remove "
            "{2}.checkpoint from its --state there. From then on anchor before each prune",
            request.witness.name,
            old_size,
            render_hex(as_text(sha256(request.checkpoint.origin)))));
}

Result<evidence::WitnessAnswer> ask(const WitnessRequest& request,
                                    const Url& url,
                                    std::uint64_t old_size,
                                    evidence::TreeNodes& nodes) {
    auto path = consistency_path(nodes, old_size, request.checkpoint.head.size);
    if (!path && path.error().code == ErrorCode::unknown) {
        return cannot_continue(request, old_size);
    }
    if (!path) {
        return std::unexpected(path.error());
    }
    const evidence::AddCheckpoint question{
        .old_size = old_size, .path = std::move(*path), .checkpoint = request.checkpoint};
    const Response response = TRY(post(url, request.timeout, render(question)));
    return accept_response(response.status, response.body, request.checkpoint, request.witness);
}

}  // namespace

Result<evidence::Checkpoint> ask_witness(const WitnessRequest& request,
                                         evidence::TreeNodes& nodes) {
    const Url url = TRY(parse_url(request.url));
    evidence::WitnessAnswer answer = TRY(ask(request, url, request.old_size, nodes));
    if (answer.retry_from) {
        const std::uint64_t old_size = *answer.retry_from;
        answer = TRY(ask(request, url, old_size, nodes));
    }
    if (answer.retry_from) {
        return fail(ErrorCode::unknown,
                    "the witness named a size and then another one; somebody else anchors this "
                    "ledger at the same time");
    }
    return std::move(answer.cosigned);
}

}  // namespace mailvigil::app
