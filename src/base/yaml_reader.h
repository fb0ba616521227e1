// Reading settings out of a YAML tree: each call takes one key, notes it as known, and reports a
// wrong shape. finish() reports the keys nobody asked for, with a suggestion, so that no setting is
// silently ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/time.h"
#include "base/yaml.h"

namespace mailvigil::yaml {

/// Reads one mapping. The node, the source name and the diagnostics must outlive it.
class Reader {
  public:
    Reader(const Node& node, std::string_view source, Diagnostics& diagnostics);

    /// The node of `key`, or null.
    const Node* node(std::string_view key);
    std::optional<std::string> text(std::string_view key);
    std::optional<std::uint64_t> number(std::string_view key);
    std::optional<bool> boolean(std::string_view key);
    std::optional<Duration> duration(std::string_view key);
    std::optional<Timestamp> time(std::string_view key);
    /// A sequence of plain texts, or one text as a sequence of one. Absent key: empty.
    std::vector<std::string> texts(std::string_view key);
    /// The mappings of a sequence; others in it are reported.
    std::vector<const Node*> mappings(std::string_view key);

    /// An error at the place of `key` (or of the mapping, when it has no such key).
    void report(std::string_view key, std::string message);
    /// An error that `key` is missing.
    void missing(std::string_view key);

    /// Reports every key that was not asked for.
    void finish();

    [[nodiscard]] std::string_view source() const { return source_; }

    [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }

  private:
    const Node* scalar(std::string_view key, std::string_view wanted);

    const Node& node_;
    std::string_view source_;
    Diagnostics& diagnostics_;
    std::vector<std::string> known_;
};

}  // namespace mailvigil::yaml
