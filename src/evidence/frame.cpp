#include "evidence/frame.h"

#include <bit>
#include <cstring>

#include "base/crc32c.h"
#include "evidence/layout.h"

namespace mailvigil::evidence {

namespace {

template <class Number>
Number little_endian(std::string_view bytes, std::size_t offset) {
    static_assert(std::endian::native == std::endian::little, "the format's numbers are");
    Number value = 0;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

}  // namespace

void append_u32(std::uint32_t value, std::string& out) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(value >> shift);
    }
}

void append_u64(std::uint64_t value, std::string& out) {
    append_u32(static_cast<std::uint32_t>(value), out);
    append_u32(static_cast<std::uint32_t>(value >> 32U), out);
}

std::uint32_t u32_at(std::string_view bytes, std::size_t offset) {
    return little_endian<std::uint32_t>(bytes, offset);
}

std::uint64_t u64_at(std::string_view bytes, std::size_t offset) {
    return little_endian<std::uint64_t>(bytes, offset);
}

void append_frame(std::string_view leaf, std::string& out) {
    const std::size_t start = out.size();
    append_u32(static_cast<std::uint32_t>(leaf.size()), out);
    // The check covers the length: a run of zeros, which a crash can leave behind, is no frame.
    const std::uint32_t check = crc32c(leaf, crc32c(std::string_view(out).substr(start, 4)));
    append_u32(check, out);
    out += leaf;
}

bool FrameReader::next(std::string_view& leaf) {
    if (rest_.size() < kFrameHeaderBytes) {
        return false;
    }
    const std::uint32_t length = u32_at(rest_, 0);
    if (length == 0 || length > kLeafBytesMax || rest_.size() - kFrameHeaderBytes < length) {
        return false;
    }
    const std::string_view found = rest_.substr(kFrameHeaderBytes, length);
    if (u32_at(rest_, 4) != crc32c(found, crc32c(rest_.substr(0, 4)))) {
        return false;
    }
    leaf = found;
    rest_.remove_prefix(kFrameHeaderBytes + length);
    return true;
}

bool FrameReader::is_cut_off() const {
    if (rest_.size() < kFrameHeaderBytes) {
        return true;
    }
    const std::uint32_t length = u32_at(rest_, 0);
    return length != 0 && length <= kLeafBytesMax && rest_.size() - kFrameHeaderBytes < length;
}

}  // namespace mailvigil::evidence
