// EventScript: a few lines that read like a story become the events that an audit log of it would
// give, for tests of the engine. The words are told in testdata/analytic/README.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "detect/analytic.h"
#include "event/event_batch.h"

namespace mailvigil::detect {

/// The shipped rules and profiles, read from the source tree once. A test may set its settings.
Knowledge& shipped_knowledge();

/// Lines of `TimeWindow 30m`, `declare reason=… by=… mailboxes=a,b`, `change_window from=20h
/// until=22h`, `internal_domain corp.test`, `internal_network 10.0.0.0/8`.
Settings read_settings(std::string_view text);

/// Blank-separated words; a word may stand in quotes.
std::vector<std::string> split_words(std::string_view line);

class EventScript {
  public:
    EventScript();

    /// The events of one line, valid until the next call. What it does not understand fails the
    /// running test.
    std::span<const Event> line(std::string_view text);

  private:
    struct Actor {
        std::uint32_t parent = 1;
        std::uint32_t user = 0;
        std::uint32_t effective = 0;
        std::uint32_t login = kUnset;
        std::uint32_t session = kUnset;
        std::string executable;
        std::string name;
        std::string directory = "/";
    };

    using Words = std::vector<std::string>;
    using Options = std::map<std::string, std::string, std::less<>>;

    void set_clock(std::string_view text);
    void login(const Words& words, const Options& options);
    void daemon(const Words& words);
    void exec(const Words& words, const Options& options, const Words& args);
    void file(std::string_view verb, const Words& words, const Options& options);
    void connect(const Words& words);

    Event& add(EventClass event_class, std::string_view action, std::uint32_t pid);

    Actor& actor(std::uint32_t pid) { return actors_[pid]; }

    [[nodiscard]] std::uint32_t user(std::string_view name) const;
    [[nodiscard]] std::uint32_t owner_of(std::string_view path) const;

    [[nodiscard]] std::string_view keep(std::string_view text) { return batch_.arena().copy(text); }

    EventBatch batch_;
    std::map<std::uint32_t, Actor> actors_;
    std::map<std::string, std::uint32_t, std::less<>> users_;
    std::map<std::uint32_t, std::string> names_;
    Timestamp now_{};
    std::uint64_t serial_ = 0;
};

}  // namespace mailvigil::detect
