// Logs through their adapter. testdata/adapter/ENTRY/*.case: `log`, or `log 1`, `log 2`, ... as
// sources of their own, become `expect events`, one line an event, and `expect diagnostics`.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/escape.h"
#include "ingest/adapter/roster.h"
#include "testing/case_file.h"

namespace mailvigil::ingest {
namespace {

using testing::CaseFile;
using testing::check;

/// Longer texts are cut here, with their length: a case is for reading.
constexpr std::size_t kShownBytesMax = 120;

std::string shown(std::string_view text) {
    std::string out = escape_for_terminal(text.substr(0, kShownBytesMax));
    if (text.empty() || text.find(' ') != std::string_view::npos) {
        out = '"' + out + '"';
    }
    if (text.size() > kShownBytesMax) {
        out += fmt::format("...({} bytes)", text.size());
    }
    return out;
}

std::string value_of(const Event& event, const FieldRow& row) {
    switch (row.type) {
        case FieldType::text:
            return shown(event.text_of(row.field));
        case FieldType::texts: {
            std::string list;
            for (const std::string_view text : event.texts_of(row.field)) {
                list += (list.empty() ? "" : " ") + shown(text);
            }
            return '[' + list + ']';
        }
        case FieldType::number: {
            const std::uint64_t number = event.number_of(row.field);
            return row.unit == "octal" ? fmt::format("0{:o}", number) : fmt::format("{}", number);
        }
        case FieldType::integer:
            return fmt::format("{}", event.integer_of(row.field));
        case FieldType::address:
            return render(event.address_of(row.field));
        case FieldType::time:
            return render_utc(event.time_of(row.field));
    }
    return {};
}

struct Label {
    Field field;
    std::string_view before;
};

/// How an event reads: these fields in this order, those that are set. `file_device` is left out:
/// the inode is enough to tell files of a case apart.
constexpr Label kLabels[] = {
    {Field::event_id, " "},
    {Field::host_name, " node="},
    {Field::process_pid, " pid="},
    {Field::process_parent_pid, " ppid="},
    {Field::process_child_pid, " child="},
    {Field::process_exit_code, " code="},
    {Field::process_executable, " exe="},
    {Field::process_name, " comm="},
    {Field::user_id, " uid="},
    {Field::user_effective_id, " euid="},
    {Field::user_name, " user="},
    {Field::login_user_id, " auid="},
    {Field::login_user_name, " login="},
    {Field::session_id, " ses="},
    {Field::process_tty, " tty="},
    {Field::file_path, " path="},
    {Field::file_target_path, " -> "},
    {Field::file_inode, " inode="},
    {Field::file_mode, " mode="},
    {Field::file_owner_id, " owner="},
    {Field::file_open_flags, " flags="},
    {Field::process_args, " args="},
    {Field::process_command_line, " command="},
    {Field::process_working_directory, " cwd="},
    {Field::network_transport, " "},
    {Field::destination_ip, " "},
    {Field::destination_port, ":"},
    {Field::destination_path, " "},
    {Field::source_ip, " from="},
    {Field::source_name, " host="},
    {Field::session_operation, " op="},
    {Field::session_terminal, " terminal="},
    {Field::service_name, " unit="},
    {Field::message, " message="},
    {Field::gap_reason, " reason="},
    {Field::gap_lost, " lost="},
    {Field::gap_start, " start="},
    {Field::gap_end, " end="},
};

std::string describe(const Event& event) {
    std::string line(to_text(event.event_class));
    const auto add = [&](std::string_view before, Field field) {
        if (event.has(field)) {
            line += before;
            line += value_of(event, field_rows()[static_cast<std::size_t>(field)]);
        }
    };
    add(" ", Field::event_action);
    add(" ", Field::event_outcome);
    add(" because=", Field::event_reason);
    for (const Label& label : kLabels) {
        add(label.before, label.field);
    }
    return line + '\n';
}

struct Decoded {
    std::string events;
    std::string diagnostics;
};

/// Every source in memory of its own that is gone when the decoder was told so: a view kept too
/// long does not go unnoticed.
Decoded decode(const Adapter& adapter, const CaseFile& case_file) {
    Decoded result;
    Diagnostics diagnostics;
    const auto decoder = adapter.create(diagnostics);
    const auto batch = std::make_unique<EventBatch>();
    const auto drain = [&] {
        for (const Event& event : batch->events()) {
            result.events += describe(event);
        }
        batch->clear();
    };
    for (const auto& section : case_file.sections()) {
        if (!section.name.starts_with("log")) {
            continue;
        }
        const std::vector<char> memory(section.content.begin(), section.content.end());
        Chunk chunk{.text = {memory.data(), memory.size()}, .source = section.name, .line = 1};
        while (!chunk.text.empty()) {
            decoder->decode(chunk, *batch);
            if (!chunk.text.empty()) {
                EXPECT_FALSE(batch->empty()) << "neither a line taken nor an event given";
            }
            drain();
        }
        decoder->release_chunk();
    }
    while (!decoder->finish(*batch)) {
        drain();
    }
    drain();
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        result.diagnostics += render(diagnostic) + '\n';
    }
    return result;
}

void run(const Adapter& adapter, CaseFile& case_file) {
    const Decoded decoded = decode(adapter, case_file);
    check(case_file, "expect events", decoded.events);
    check(case_file, "expect diagnostics", decoded.diagnostics);
}

const Adapter& adapter_of(const CaseFile& case_file) {
    const std::string folder = case_file.path().parent_path().filename().string();
    for (const Adapter* adapter : adapter::roster()) {
        if (adapter->name == folder) {
            return *adapter;
        }
    }
    ADD_FAILURE() << "no adapter is named " << folder;
    return *adapter::roster().front();
}

CASE_TEST(AdapterCases, "testdata/adapter") {
    run(adapter_of(case_file), case_file);
}

}  // namespace
}  // namespace mailvigil::ingest
