// The journal of the service manager, in its native protocol (systemd.journal-fields(7)): a
// sentence for people, and fields that journalctl can select by.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "event/vocabulary.h"
#include "output/format/roster.h"
#include "output/sink/roster.h"

namespace mailvigil::output::sink {

namespace {

constexpr std::string_view kSocket = "/run/systemd/journal/socket";
/// `journalctl MESSAGE_ID=…` finds what mailvigil found, on any host.
constexpr std::string_view kFindingId = "7c1d6f1b5d0e4b0c9a4e5f3a2b8d9c10";

/// Before each message: its length, so that one string carries many datagrams.
constexpr std::size_t kLengthBytes = 4;
/// The journal takes a datagram of so much; a longer text is cut.
constexpr std::size_t kTextBytesMax = 2048;

std::string_view priority_of(Level level) {
    switch (level) {
        case Level::critical:
            return "2";
        case Level::high:
            return "3";
        case Level::medium:
            return "4";
        case Level::low:
            return "5";
        case Level::informational:
            break;
    }
    return "6";
}

/// `NAME=value\n`; a value with a newline would start a field of its own: its end is cut off.
void put(std::string& out, std::string_view name, std::string_view value) {
    value = value.substr(0, value.find('\n')).substr(0, kTextBytesMax);
    if (!value.empty()) {
        fmt::format_to(std::back_inserter(out), "{}={}\n", name, value);
    }
}

std::string sentence(const Event& event) {
    if (event.event_class == EventClass::gap) {
        return fmt::format("telemetry is missing: {}", event.gap_reason());
    }
    std::string text(event.finding_title());
    if (event.has(Field::finding_who)) {
        text += fmt::format(": {}", event.finding_who());
    }
    if (event.has(Field::finding_incident)) {
        text += fmt::format(" (incident {})", event.finding_incident());
    }
    return text;
}

void render(const Event& event, std::uint64_t leaf, std::string& out) {
    const std::size_t at = out.size();
    out.append(kLengthBytes, '\0');
    const bool gap = event.event_class == EventClass::gap;
    put(out, "MESSAGE", sentence(event));
    put(out,
        "PRIORITY",
        gap ? "4" : priority_of(parse_level(event.finding_level()).value_or(Level::low)));
    put(out, "MESSAGE_ID", kFindingId);
    put(out, "SYSLOG_IDENTIFIER", "mailvigil");
    put(out, "MAILVIGIL_RECORD", fmt::to_string(leaf));
    put(out, "MAILVIGIL_CLASS", to_text(event.event_class));
    put(out, "MAILVIGIL_LEVEL", event.finding_level());
    put(out, "MAILVIGIL_VERDICT", event.finding_verdict());
    put(out, "MAILVIGIL_STAGE", event.finding_stage());
    if (event.has(Field::finding_incident)) {
        put(out, "MAILVIGIL_INCIDENT", fmt::to_string(event.finding_incident()));
    }
    for (const std::string_view technique : event.threat_technique_id()) {
        put(out, "MAILVIGIL_TECHNIQUE", technique);
    }
    for (const std::string_view mailbox : event.finding_mailboxes()) {
        put(out, "MAILVIGIL_MAILBOX", mailbox);
    }
    const auto length = static_cast<std::uint32_t>(out.size() - at - kLengthBytes);
    std::memcpy(out.data() + at, &length, kLengthBytes);
}

class Journal final : public Delivery {
  public:
    explicit Journal(std::string path)
        : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

    Result<void> deliver(std::string_view messages) override {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path_.size() >= sizeof(address.sun_path)) {
            return fail(ErrorCode::malformed, fmt::format("{}: too long for a socket", path_));
        }
        path_.copy(address.sun_path, path_.size());
        while (!messages.empty()) {
            std::uint32_t length = 0;
            std::memcpy(&length, messages.data(), kLengthBytes);
            const std::string_view one = messages.substr(kLengthBytes, length);
            if (::sendto(socket_.number(),
                         one.data(),
                         one.size(),
                         MSG_NOSIGNAL,
                         reinterpret_cast<const sockaddr*>(&address),
                         sizeof(address)) < 0) {
                return fail(
                    ErrorCode::unwritable,
                    fmt::format(
                        "the journal takes nothing at {}: {}", path_, std::strerror(errno)));
            }
            messages.remove_prefix(kLengthBytes + length);
        }
        return {};
    }

  private:
    std::string path_;
    Fd socket_;
};

Result<std::unique_ptr<Delivery>> open(const std::string& target) {
    return std::make_unique<Journal>(target.empty() ? std::string(kSocket) : target);
}

}  // namespace

extern const Sink journal{.name = "journal",
                          .summary = "findings as entries of the journal",
                          .target = "",
                          .render = render,
                          .open = open};

}  // namespace mailvigil::output::sink
