#include "base/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/suggest.h"

namespace mailvigil::yaml {

Reader::Reader(const Node& node, std::string_view source, Diagnostics& diagnostics)
    : node_(node), source_(source), diagnostics_(diagnostics) {
    if (node.kind != Kind::mapping && node.kind != Kind::null) {
        diagnostics.add({Severity::error,
                         std::string(source),
                         node.line,
                         node.column,
                         "expected \"name: value\" lines here"});
    }
}

const Node* Reader::node(std::string_view key) {
    if (std::ranges::find(known_, key) == known_.end()) {
        known_.emplace_back(key);
    }
    return node_.find(key);
}

const Node* Reader::scalar(std::string_view key, std::string_view wanted) {
    const Node* found = node(key);
    if (found != nullptr && found->kind != Kind::scalar) {
        report(key, fmt::format("\"{}\" must be {}", key, wanted));
        return nullptr;
    }
    return found;
}

std::optional<std::string> Reader::text(std::string_view key) {
    const Node* found = scalar(key, "a text");
    return found == nullptr ? std::nullopt : std::optional(found->scalar);
}

std::optional<std::uint64_t> Reader::number(std::string_view key) {
    const Node* found = scalar(key, "a whole number");
    if (found == nullptr) {
        return {};
    }
    std::uint64_t value = 0;
    const char* end = found->scalar.data() + found->scalar.size();
    const auto [stop, error] = std::from_chars(found->scalar.data(), end, value);
    if (error != std::errc{} || stop != end) {
        report(key, fmt::format("\"{}\" must be a whole number, not \"{}\"", key, found->scalar));
        return {};
    }
    return value;
}

std::optional<bool> Reader::boolean(std::string_view key) {
    const Node* found = scalar(key, "true or false");
    if (found == nullptr) {
        return {};
    }
    if (found->scalar == "true" || found->scalar == "false") {
        return found->scalar == "true";
    }
    report(key, fmt::format("\"{}\" must be true or false, not \"{}\"", key, found->scalar));
    return {};
}

std::optional<Duration> Reader::duration(std::string_view key) {
    const Node* found = scalar(key, "a duration such as 10m");
    if (found == nullptr) {
        return {};
    }
    const auto value = parse_duration(found->scalar);
    if (!value) {
        report(key,
               fmt::format("\"{}\" must be a duration such as 30s, 10m, 2h or 1d, not \"{}\"",
                           key,
                           found->scalar));
    }
    return value;
}

std::optional<Timestamp> Reader::time(std::string_view key) {
    const Node* found = scalar(key, "a time such as 2026-11-23T02:00:00Z");
    if (found == nullptr) {
        return {};
    }
    const auto value = parse_timestamp(found->scalar);
    if (!value) {
        report(key,
               fmt::format("\"{}\" must be a time such as 2026-11-23T02:00:00Z, not \"{}\"",
                           key,
                           found->scalar));
    }
    return value;
}

std::vector<std::string> Reader::texts(std::string_view key) {
    const Node* found = node(key);
    if (found == nullptr || found->kind == Kind::null) {
        return {};
    }
    if (found->kind == Kind::scalar) {
        return {found->scalar};
    }
    std::vector<std::string> values;
    for (const Node& item : found->items) {
        if (item.kind == Kind::scalar) {
            values.push_back(item.scalar);
        } else {
            diagnostics_.add({Severity::error,
                              std::string(source_),
                              item.line,
                              item.column,
                              fmt::format("each entry of \"{}\" must be a text", key)});
        }
    }
    if (found->kind == Kind::mapping) {
        report(key, fmt::format("\"{}\" must be a list", key));
    }
    return values;
}

std::vector<const Node*> Reader::mappings(std::string_view key) {
    const Node* found = node(key);
    std::vector<const Node*> values;
    if (found == nullptr || found->kind == Kind::null) {
        return values;
    }
    if (found->kind != Kind::sequence) {
        report(key, fmt::format("\"{}\" must be a list", key));
        return values;
    }
    for (const Node& item : found->items) {
        if (item.kind == Kind::mapping) {
            values.push_back(&item);
        } else {
            diagnostics_.add(
                {Severity::error,
                 std::string(source_),
                 item.line,
                 item.column,
                 fmt::format("each entry of \"{}\" must have \"name: value\" lines", key)});
        }
    }
    return values;
}

void Reader::report(std::string_view key, std::string message) {
    std::uint32_t line = node_.line;
    std::uint32_t column = node_.column;
    for (std::size_t i = 0; i < node_.entries.size(); ++i) {
        if (node_.entries[i].key == key) {
            std::tie(line, column) = node_.key_places[i];
        }
    }
    diagnostics_.add({Severity::error, std::string(source_), line, column, std::move(message)});
}

void Reader::missing(std::string_view key) {
    report(key, fmt::format("\"{}\" is missing", key));
}

void Reader::finish() {
    const std::vector<std::string_view> candidates(known_.begin(), known_.end());
    for (const auto& [key, value] : node_.entries) {
        if (std::ranges::find(known_, key) == known_.end()) {
            report(key,
                   fmt::format("unknown setting \"{}\"{}", key, did_you_mean(key, candidates)));
        }
    }
}

}  // namespace mailvigil::yaml
