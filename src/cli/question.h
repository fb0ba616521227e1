// What the commands that ask a ledger have in common: options, the span of time, the rows' way to
// standard output.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/evidence_folder.h"
#include "base/time.h"
#include "cli/command.h"
#include "output/table.h"

namespace mailvigil::cli {

inline constexpr Option kEvidenceOption = {
    "--evidence", OptionKind::value, "DIR", "the ledger; default /var/lib/mailvigil/evidence"};
inline constexpr Option kSinceOption = {
    "--since",
    OptionKind::value,
    "TIME",
    "not before; yesterday, \"2 hours ago\", 90m, 02:00, mon, 2026-11-23, 2026-11-23T02:14 (UTC)"};
inline constexpr Option kUntilOption = {
    "--until", OptionKind::value, "TIME", "nothing that began at or after"};
inline constexpr Option kOutputOption = {
    "--output", OptionKind::value, "FORM", "text (default), json, ndjson or csv"};

/// What the options above said.
struct Question {
    std::string folder;
    evidence::TimeSpan span;
    output::TableForm form = output::TableForm::text;
    Timestamp now{};

    [[nodiscard]] bool for_people() const { return form == output::TableForm::text; }
};

/// The ledger that is asked.
std::string evidence_folder(const Arguments& arguments);

/// Absent after a complaint: wrong usage.
std::optional<Question> read_question(const Arguments& arguments);

/// A time that an option names; absent after a complaint.
std::optional<Timestamp> read_time(std::string_view option, std::string_view text, Timestamp now);

/// A whole number; absent after a complaint.
std::optional<std::uint64_t> read_number(std::string_view name, std::string_view text);

/// The time of the host's clock.
Timestamp wall_clock();

/// Exit::failure after a complaint about `error`.
Exit complain_of(const Error& error);

/// What standard output can show.
output::Medium standard_medium();

/// A table on standard output.
output::Table standard_table(output::TableForm form, std::span<const output::Column> columns);

/// An empty line between a table and what is said about it.
void end_of_rows();

/// The folder of the chain of keys that goes with a proof.
inline std::string keys_beside(const std::string& proof) {
    return proof + ".keys";
}

/// A labelled line below a table: "sealed       all of it".
void note(std::string_view label, std::string_view text);

/// Whether what was shown is sealed, in a sentence.
std::string describe(const app::SealedState& state, std::uint64_t last_leaf);

/// Tells below an answer what weakens it and whether it is sealed. False after a complaint.
bool tell_grounds(app::EvidenceFolder& folder,
                  const evidence::TimeSpan& span,
                  std::uint64_t last_leaf);

output::Cell cell(std::string_view text, output::Tone tone = output::Tone::plain);
output::Cell cell(std::optional<std::uint64_t> number);
output::Cell cell(Timestamp time, std::string text = {});

/// How a verdict or a level stands out.
output::Tone tone_of(std::string_view verdict_or_level);

/// A program and its script as a person names them: "tar", "/tmp/upd.sh (bash)".
std::string program_name(std::string_view executable, std::string_view script);

/// "214 reads, 9 kB", "list", "denied".
std::string access_text(std::string_view access_class,
                        std::uint64_t count,
                        std::optional<std::uint64_t> bytes);

/// How far long work is, on standard error where a person waits there: rate, and what is left
/// where `total` is known (not 0).
class Progress {
  public:
    Progress(std::string_view unit, std::uint64_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::uint64_t done);

  private:
    std::string_view unit_;
    std::uint64_t total_;
    bool enabled_;
    bool drawn_ = false;
    std::int64_t started_;  ///< steady clock, ns
    std::int64_t shown_;
};

}  // namespace mailvigil::cli
