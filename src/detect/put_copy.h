// put_copy: texts that outlive nothing else into an event, copied into the arena that goes with it.
// What is empty is left absent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "event/event.h"

namespace mailvigil::detect {

inline std::span<const std::string_view> copy_texts(const std::vector<std::string>& texts,
                                                    Arena& arena) {
    const auto views = arena.array<std::string_view>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        views[i] = arena.copy(texts[i]);
    }
    return views;
}

inline void put_copy(Event& event, Field field, std::string_view text, Arena& arena) {
    if (!text.empty()) {
        event.put(field, arena.copy(text));
    }
}

inline void put_copy(Event& event,
                     Field field,
                     const std::vector<std::string>& texts,
                     Arena& arena) {
    if (!texts.empty()) {
        event.put(field, copy_texts(texts, arena));
    }
}

}  // namespace mailvigil::detect
