// Crafted texts against decode_canonical(). What it accepts renders to a text that is accepted
// again and renders to the same; and without members of a later version to the very input.
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "event/canonical.h"

namespace mailvigil {
namespace {

void run(std::string_view input) {
    static const auto kBatch = std::make_unique<EventBatch>();
    kBatch->clear();
    if (!decode_canonical(input, *kBatch)) {
        MV_ASSERT(kBatch->empty());
        return;
    }
    std::string text;
    render_canonical(kBatch->events()[0], text);
    MV_ASSERT(text.size() < input.size() || text == input);
    MV_ASSERT(decode_canonical(text, *kBatch));
    std::string again;
    render_canonical(kBatch->events()[1], again);
    MV_ASSERT(again == text);
}

}  // namespace
}  // namespace mailvigil

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    mailvigil::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
