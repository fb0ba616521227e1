#include "evidence/index/packing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/crc32c.h"

namespace mailvigil::evidence::index {

namespace {

// Wider values don't fit an accumulator of 64 bits that holds up to 7 bits already.
constexpr unsigned kPackedWidthMax = 56;
constexpr unsigned kRawWidth = 64;
constexpr std::size_t kCheckBytes = 4;
// A value that stands apart costs its place and at least one more number.
constexpr std::uint64_t kApartBits = 12;
constexpr std::array<std::uint64_t, 4> kUnits = {1, 1'000, 1'000'000, 1'000'000'000};

std::uint64_t load(const char* at, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, std::min(size, sizeof value));
    return value;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

template <std::uint64_t unit>
bool divides(std::span<const std::uint64_t> values) {
    return std::ranges::all_of(values, [](std::uint64_t v) { return v % unit == 0; });
}

template <std::uint64_t unit>
void divide(std::span<std::uint64_t> values) {
    for (std::uint64_t& value : values) {
        value /= unit;
    }
}

}  // namespace

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    // After wyhash: multiply and fold, 16 bytes at a time.
    constexpr std::uint64_t kA = 0xA0761D6478BD642FU;
    constexpr std::uint64_t kB = 0xE7037ED1A0B428DBU;
    std::uint64_t state = mix(seed ^ kA, text.size() ^ kB);
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left > 16; left -= 16, at += 16) {
        state = mix(load(at, 8) ^ kB, load(at + 8, 8) ^ state);
    }
    const std::uint64_t low = left > 0 ? load(at, left) : 0;
    const std::uint64_t high = left > 8 ? load(at + 8, left - 8) : 0;
    return mix(mix(low ^ kB, high ^ state) ^ seed, kA);
}

ColumnShape shape_of(std::span<const std::uint64_t> values) {
    ColumnShape shape;
    if (values.empty()) {
        return shape;
    }
    shape.base = *std::ranges::min_element(values);
    std::array<std::uint32_t, 65> of_width{};
    for (const std::uint64_t value : values) {
        ++of_width[static_cast<unsigned>(std::bit_width(value - shape.base))];
    }
    shape.width = kRawWidth;
    shape.bits = kRawWidth * values.size();
    std::uint64_t wider = 0;
    std::uint64_t wider_bits = 0;  // the sum of their widths
    for (unsigned width = kRawWidth; width-- > 0;) {
        wider += of_width[width + 1];
        wider_bits += std::uint64_t{of_width[width + 1]} * (width + 1);
        const std::uint64_t apart = wider_bits - wider * width;
        const std::uint64_t bits = width * values.size() + wider * kApartBits + apart * 8 / 7;
        if (width <= kPackedWidthMax && bits <= shape.bits) {
            shape.width = width;
            shape.wider = wider;
            shape.bits = bits;
        }
    }
    return shape;
}

void Packer::number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
        out_ += static_cast<char>(value | 0x80U);
    }
    out_ += static_cast<char>(value);
}

void Packer::bits(std::span<const std::uint64_t> values, const ColumnShape& shape) {
    const std::size_t start = out_.size();
    out_.resize(start + (values.size() * shape.width + 7) / 8);
    char* to = out_.data() + start;
    if (shape.width == kRawWidth) {
        for (const std::uint64_t value : values) {
            const std::uint64_t above = value - shape.base;
            std::memcpy(to, &above, sizeof above);
            to += sizeof above;
        }
        return;
    }
    const std::uint64_t mask = (std::uint64_t{1} << shape.width) - 1;
    std::uint64_t waiting = 0;
    unsigned filled = 0;
    for (const std::uint64_t value : values) {
        waiting |= ((value - shape.base) & mask) << filled;
        filled += shape.width;
        for (; filled >= 8; filled -= 8, waiting >>= 8U) {
            *to++ = static_cast<char>(waiting);
        }
    }
    if (filled > 0) {
        *to = static_cast<char>(waiting);
    }
}

void Packer::column(std::span<const std::uint64_t> values, const ColumnShape& shape) {
    number(shape.base);
    number(shape.width);
    number(shape.wider);
    if (shape.width > 0) {
        bits(values, shape);
    }
    std::size_t before = 0;
    for (std::size_t i = 0; shape.wider > 0 && i < values.size(); ++i) {
        const std::uint64_t above = values[i] - shape.base;
        if (static_cast<unsigned>(std::bit_width(above)) > shape.width) {
            number(i - before);
            number(above >> shape.width);
            before = i;
        }
    }
}

void Packer::scaled_column(std::span<std::uint64_t> values) {
    std::uint64_t unit = 0;
    if (divides<kUnits[1]>(values)) {
        unit = !divides<kUnits[2]>(values) ? 1 : !divides<kUnits[3]>(values) ? 2 : 3;
    }
    number(unit);
    unit == 1   ? divide<kUnits[1]>(values)
    : unit == 2 ? divide<kUnits[2]>(values)
    : unit == 3 ? divide<kUnits[3]>(values)
                : void();
    column(values);
}

void Packer::text(std::string_view text) {
    number(text.size());
    out_ += text;
}

void Packer::clear() {
    out_.resize(kCheckBytes);
}

std::string_view Packer::sealed() {
    const std::uint32_t check = crc32c(std::string_view(out_).substr(kCheckBytes));
    std::memcpy(out_.data(), &check, sizeof check);
    return out_;
}

Unpacker::Unpacker(std::string_view sealed) {
    std::uint32_t check = 0;
    if (sealed.size() >= kCheckBytes) {
        std::memcpy(&check, sealed.data(), sizeof check);
        rest_ = sealed.substr(kCheckBytes);
    }
    good_ = sealed.size() >= kCheckBytes && crc32c(rest_) == check;
    rest_ = good_ ? rest_ : std::string_view();
}

std::uint64_t Unpacker::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    good_ = false;
    rest_ = {};
    return 0;
}

std::uint64_t Unpacker::number_up_to(std::uint64_t most) {
    const std::uint64_t value = number();
    if (value > most) {
        good_ = false;
        rest_ = {};
        return 0;
    }
    return value;
}

std::string_view Unpacker::text() {
    const std::size_t size = number_up_to(rest_.size());
    // number_up_to() looked at the size before the number itself was taken.
    good_ = good_ && size <= rest_.size();
    const std::string_view text = good_ ? rest_.substr(0, size) : std::string_view();
    rest_.remove_prefix(text.size());
    return text;
}

bool Unpacker::bits(unsigned width, std::uint64_t base, std::vector<std::uint64_t>& values) {
    const std::size_t size = (values.size() * width + 7) / 8;
    if (rest_.size() < size || (width > kPackedWidthMax && width != kRawWidth)) {
        return false;
    }
    const char* bytes = rest_.data();
    const std::size_t end = rest_.size();  // what follows may be loaded too, and is masked away
    const std::uint64_t mask =
        width == kRawWidth ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    std::size_t bit = 0;
    std::size_t i = 0;
    for (; i < values.size() && (bit >> 3U) + 8 <= end; ++i, bit += width) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + (bit >> 3U), sizeof word);
        values[i] = base + ((word >> (bit & 7U)) & mask);
    }
    for (; i < values.size(); ++i, bit += width) {
        const std::uint64_t word = load(bytes + (bit >> 3U), end - (bit >> 3U));
        values[i] = base + ((word >> (bit & 7U)) & mask);
    }
    rest_.remove_prefix(size);
    return true;
}

void Unpacker::column(std::size_t count, std::vector<std::uint64_t>& values) {
    const std::uint64_t base = number();
    const auto width = static_cast<unsigned>(number_up_to(kRawWidth));
    const std::uint64_t wider = number_up_to(count);
    values.assign(good_ ? count : 0, base);
    if (good_ && width > 0) {
        good_ = bits(width, base, values);
    }
    std::size_t place = 0;
    for (std::uint64_t i = 0; i < wider && good_; ++i) {
        place += number_up_to(count);
        const std::uint64_t high = number();
        good_ = good_ && place < count && width < kRawWidth;
        if (good_) {
            values[place] += high << width;
        }
    }
    values.resize(count);
}

void Unpacker::scaled_column(std::size_t count, std::vector<std::uint64_t>& values) {
    const std::uint64_t unit = kUnits[number_up_to(kUnits.size() - 1)];
    column(count, values);
    if (unit != 1) {
        for (std::uint64_t& value : values) {
            value *= unit;
        }
    }
}

}  // namespace mailvigil::evidence::index
