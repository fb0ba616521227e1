// Crafted logs against the adapter that MAILVIGIL_FUZZ_ENTRY names. The input goes in as two
// chunks, each in memory of its own that is freed when the decoder has been told so: a view kept
// too long is a use after free. Every field of every event is read.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "event/event_batch.h"
#include "ingest/adapter/roster.h"

using namespace std::literals;

namespace mailvigil {
namespace {

const ingest::Adapter* chosen_adapter() {
    const char* name = std::getenv("MAILVIGIL_FUZZ_ENTRY");
    const auto roster = ingest::adapter::roster();
    const auto found = std::ranges::find(
        roster, name == nullptr ? ""sv : std::string_view(name), &ingest::Adapter::name);
    if (found == roster.end()) {
        std::fputs("set MAILVIGIL_FUZZ_ENTRY to an adapter, a file of src/ingest/adapter/\n",
                   stderr);
        std::exit(2);
    }
    return *found;
}

std::size_t bytes_of(const Event& event, const FieldRow& row) {
    switch (row.type) {
        case FieldType::text: {
            const std::string copy(event.text_of(row.field));
            return copy.size();
        }
        case FieldType::texts: {
            std::string copy;
            for (const std::string_view text : event.texts_of(row.field)) {
                copy += text;
            }
            return copy.size();
        }
        case FieldType::number:
            return event.number_of(row.field) != 0 ? 1 : 0;
        case FieldType::integer:
            return event.integer_of(row.field) != 0 ? 1 : 0;
        case FieldType::address:
            return event.address_of(row.field).bytes[0];
        case FieldType::time:
            return event.time_of(row.field) != Timestamp() ? 1 : 0;
    }
    return 0;
}

/// Reads all that the batch holds and clears it.
void drain(EventBatch& batch) {
    volatile std::size_t bytes = 0;
    for (const Event& event : batch.events()) {
        for (const FieldRow& row : field_rows()) {
            bytes = bytes + bytes_of(event, row);
        }
    }
    batch.clear();
}

void feed(ingest::Decoder& decoder, EventBatch& batch, std::string_view text, std::uint64_t line) {
    const std::unique_ptr<char[]> memory(new char[text.size()]);
    std::ranges::copy(text, memory.get());
    ingest::Chunk chunk{.text = {memory.get(), text.size()}, .source = "fuzz", .line = line};
    while (!chunk.text.empty()) {
        decoder.decode(chunk, batch);
        drain(batch);
    }
    decoder.release_chunk();
}

void run(const ingest::Adapter& adapter, std::string_view text) {
    static_cast<void>(adapter.sniff(text));
    static_cast<void>(adapter.first_time(text));
    Diagnostics diagnostics;
    const auto decoder = adapter.create(diagnostics);
    const auto batch = std::make_unique<EventBatch>();
    // Chunks are whole lines: the first ends with the first newline past the middle.
    const std::size_t middle = std::min(text.find('\n', text.size() / 2), text.size());
    const std::string_view first = text.substr(0, std::min(middle + 1, text.size()));
    feed(*decoder, *batch, first, 1);
    feed(*decoder,
         *batch,
         text.substr(first.size()),
         1 + static_cast<std::uint64_t>(std::ranges::count(first, '\n')));
    while (!decoder->finish(*batch)) {
        drain(*batch);
    }
    drain(*batch);
}

}  // namespace
}  // namespace mailvigil

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const mailvigil::ingest::Adapter* const adapter = mailvigil::chosen_adapter();
    mailvigil::run(*adapter, {reinterpret_cast<const char*>(data), size});
    return 0;
}
