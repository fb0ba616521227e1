// mailvigil evidence prune: removes the oldest records, which is itself sealed and stays provable.
#include <fmt/format.h>

#include <charconv>

#include "app/incident.h"
#include "app/ledger_status.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

/// "500", "64kB", "20GB": decimal; "MiB" and the like: binary.
std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
        {"", 1},
        {"B", 1},
        {"kB", 1000},
        {"MB", 1'000'000},
        {"GB", 1'000'000'000},
        {"TB", 1'000'000'000'000},
        {"KiB", std::uint64_t{1} << 10U},
        {"MiB", std::uint64_t{1} << 20U},
        {"GiB", std::uint64_t{1} << 30U},
        {"TiB", std::uint64_t{1} << 40U}};
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, text.data() + text.size());
    for (const auto& [name, size] : kUnits) {
        if (error == std::errc{} && unit == name && count <= UINT64_MAX / size) {
            return count * size;
        }
    }
    return {};
}

/// The first record that is to stay.
Result<std::uint64_t> first_of(app::EvidenceFolder& folder,
                               std::optional<Timestamp> before,
                               std::uint64_t keep_bytes) {
    return before ? app::first_sealed_since(folder, *before)
                  : app::first_to_keep(evidence::posix_disk(), folder, keep_bytes);
}

Exit prune(const std::string& path,
           std::optional<Timestamp> before,
           std::uint64_t keep_bytes,
           std::string_view reason,
           Timestamp now) {
    std::uint64_t first = 0;
    std::uint64_t was = 0;
    {
        auto folder = app::EvidenceFolder::open(evidence::posix_disk(), path);
        if (!folder) {
            return complain_of(folder.error());
        }
        const auto found = first_of(*folder, before, keep_bytes);
        if (!found) {
            return complain_of(found.error());
        }
        first = *found;
        was = folder->ledger().first();
    }
    if (first <= was) {
        note("pruned", "nothing: all records are to stay");
        return Exit::nothing_found;
    }
    const auto stays = app::prune_folder(evidence::posix_disk(), path, first, reason, now);
    if (!stays) {
        return complain_of(stays.error());
    }
    note("pruned",
         *stays <= was ? "nothing: only whole segments go, and none is old enough"
                       : fmt::format("{}; record {} is the first that stays",
                                     output::render_count(*stays - was, "record"),
                                     *stays));
    return Exit::nothing_found;
}

Exit run(const Arguments& arguments) {
    const auto before = arguments.value("--before");
    const auto keep = arguments.value("--keep-bytes");
    const auto reason = arguments.value("--reason");
    if (!reason || before.has_value() == keep.has_value()) {
        complain("say what goes and why: --before 2026-01-01 or --keep-bytes 20GB, and --reason");
        return Exit::usage;
    }
    const Timestamp now = wall_clock();
    std::optional<Timestamp> time;
    if (before) {
        time = read_time("--before", *before, now);
        if (!time) {
            return Exit::usage;
        }
    }
    const auto bytes = keep ? parse_size(*keep) : std::optional<std::uint64_t>(0);
    if (!bytes) {
        complain(fmt::format("--keep-bytes: \"{}\" is no size such as 500MB or 20GiB", *keep));
        return Exit::usage;
    }
    const std::string path = evidence_folder(arguments);
    return prune(path, time, *bytes, *reason, now);
}

constexpr Option kOptions[] = {
    {"--before",
     OptionKind::value,
     "TIME",
     "what was sealed before may go, by the clock of the ledger"},
    {"--keep-bytes", OptionKind::value, "SIZE", "so much may stay, e.g. 20GB"},
    {"--reason", OptionKind::value, "TEXT", "why; sealed"},
    kEvidenceOption,
};

}  // namespace

extern const Command evidence_prune{
    .name = "evidence_prune",
    .summary = "remove the oldest records; that it was done is sealed",
    .example = "mailvigil evidence prune --before 2025-11-23 --reason \"retention: one year\"",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command
