#include "app/incident.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "app/shortening.h"
#include "event/event.h"
#include "evidence/ledger.h"

namespace mailvigil::app {

namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Result<void> check_open(EvidenceFolder& folder, const Closing& closing) {
    const auto incident = TRY(find_incident(folder, closing.incident));
    if (incident.closed_leaf) {
        return fail(ErrorCode::unknown,
                    fmt::format("incident {} is closed already (record {}, by {}: {})",
                                closing.incident,
                                *incident.closed_leaf,
                                incident.closed_by,
                                incident.closed_because));
    }
    return {};
}

void sort_once(std::vector<std::uint64_t>& leaves) {
    std::ranges::sort(leaves);
    const auto again = std::ranges::unique(leaves);
    leaves.erase(again.begin(), again.end());
}

}  // namespace

std::vector<std::uint64_t> IncidentRecords::all() const {
    std::vector<std::uint64_t> leaves;
    for (const auto* some : {&findings, &accesses, &lineage, &gaps, &others}) {
        leaves.insert(leaves.end(), some->begin(), some->end());
    }
    sort_once(leaves);
    return leaves;
}

Result<evidence::IncidentRow> find_incident(EvidenceFolder& folder, std::uint64_t number) {
    auto incidents = TRY(folder.index().incidents(folder.ledger(), {}));
    for (evidence::IncidentRow& incident : incidents) {
        if (incident.number == number) {
            return std::move(incident);
        }
    }
    return fail(
        ErrorCode::unknown,
        incidents.empty()
            ? fmt::format("there is no incident {}; the ledger has none at all", number)
            : fmt::format("there is no incident {}; the ledger has {} of them, from {} to {} "
                          "(mailvigil incident list)",
                          number,
                          incidents.size(),
                          incidents.front().number,
                          incidents.back().number));
}

Result<IncidentRecords> records_of(EvidenceFolder& folder, const evidence::IncidentRow& incident) {
    IncidentRecords records;
    records.findings = incident.leaves;
    if (incident.closed_leaf) {
        records.others.push_back(*incident.closed_leaf);
    }
    const evidence::TimeSpan span = {.since = incident.start, .until = incident.end + Duration(1)};
    const bool shortened = std::ranges::any_of(incident.mailboxes, is_shortened);
    for (const std::string& mailbox :
         shortened ? TRY(folder.index().mailboxes(folder.ledger())) : incident.mailboxes) {
        TRY(folder.index().accesses(
            folder.ledger(), mailbox, span, [&](const evidence::AccessRow& row) {
                if (row.incident == incident.number && row.host == incident.host) {
                    records.accesses.push_back(row.leaf);
                }
            }));
    }
    // Its processes may have started long before the first thing that they are blamed for.
    const evidence::TimeSpan before = {.since = std::nullopt, .until = span.until};
    TRY(folder.index().entries(
        folder.ledger(), before, std::nullopt, [&](const evidence::EntryRow& row) {
            if (row.event_class == to_text(EventClass::gap)) {
                if (row.end >= incident.start) {
                    records.gaps.push_back(row.leaf);
                }
            } else if (row.incident == incident.number && row.host == incident.host) {
                const bool start = row.event_class == to_text(EventClass::process_start);
                const bool finding = row.event_class == to_text(EventClass::finding);
                auto& leaves = start     ? records.lineage
                               : finding ? records.findings
                                         : records.others;
                leaves.push_back(row.leaf);
            }
        }));
    for (auto* leaves :
         {&records.findings, &records.accesses, &records.lineage, &records.gaps, &records.others}) {
        sort_once(*leaves);
    }
    return records;
}

std::optional<std::uint64_t> own_login_user_id() {
    std::ifstream file("/proc/self/loginuid");
    std::string text;
    std::getline(file, text);
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    // (uid_t) -1 is "not set", audit_getloginuid(3).
    const bool known = error == std::errc{} && id != static_cast<std::uint32_t>(-1);
    return known ? std::optional<std::uint64_t>(id) : std::nullopt;
}

Result<std::uint64_t> close_incident(evidence::Disk& disk,
                                     const std::string& folder,
                                     const Closing& closing,
                                     Timestamp now) {
    if (is_blank(closing.reason) || is_blank(closing.by)) {
        return fail(ErrorCode::malformed,
                    "closing an incident needs a reason and a name; both are sealed with it");
    }
    auto before = TRY(EvidenceFolder::open(disk, folder));
    TRY(check_open(before, closing));
    const auto incident = TRY(find_incident(before, closing.incident));
    const auto ledger = TRY(evidence::Ledger::open(disk, folder, {}, now));
    // Somebody else may have closed it before this one got the ledger.
    auto locked = TRY(EvidenceFolder::open(disk, folder));
    if (auto still = check_open(locked, closing); !still) {
        TRY(ledger->close(now));
        return std::unexpected(still.error());
    }
    Event event;
    event.reset(EventClass::ledger, now);
    event.set_event_action("close");
    event.set_host_name(incident.host);
    event.set_finding_incident(closing.incident);
    event.set_message(closing.reason);
    event.set_user_name(closing.by);
    event.set_user_id(::getuid());
    if (const auto login = own_login_user_id()) {
        event.set_login_user_id(*login);
    }
    const auto leaf = ledger->append(event, now);
    if (!leaf) {
        return fail(ErrorCode::limit, "the reason is too long for a record; say it shorter");
    }
    TRY(ledger->close(now));
    // It is sealed. An index that can't be written only lags behind, and `evidence status` says so.
    (void)write_index(disk, folder, Rebuild::what_is_missing, [](std::uint64_t) {});
    return *leaf;
}

Result<std::uint64_t> prune_folder(evidence::Disk& disk,
                                   const std::string& folder,
                                   std::uint64_t first,
                                   std::string_view reason,
                                   Timestamp now) {
    if (is_blank(reason)) {
        return fail(ErrorCode::malformed, "pruning needs a reason; it is sealed");
    }
    const auto ledger = TRY(evidence::Ledger::open(disk, folder, {}, now));
    const std::uint64_t stays = TRY(ledger->prune(first, reason, now));
    TRY(ledger->close(now));
    // As above; what is pruned is never told, whatever the index knows of it.
    if (const auto index = evidence::Index::open(folder, evidence::Index::Mode::write)) {
        (void)(*index)->prune(stays);
    }
    (void)write_index(disk, folder, Rebuild::what_is_missing, [](std::uint64_t) {});
    return stays;
}

}  // namespace mailvigil::app
