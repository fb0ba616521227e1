#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace mailvigil {

namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? kReversedPolynomial : 0U);
        }
        table[byte] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

std::uint32_t by_table(std::string_view bytes, std::uint32_t state) {
    for (const char byte : bytes) {
        state = kTable[(state ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (state >> 8U);
    }
    return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t state) {
    std::uint64_t wide = state;
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        wide = _mm_crc32_u64(wide, word);
        bytes.remove_prefix(sizeof word);
    }
    state = static_cast<std::uint32_t>(wide);
    for (const char byte : bytes) {
        state = _mm_crc32_u8(state, static_cast<unsigned char>(byte));
    }
    return state;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
    if (kHasInstruction) {
        return ~by_instruction(bytes, ~before);
    }
#endif
    return ~by_table(bytes, ~before);
}

}  // namespace mailvigil
