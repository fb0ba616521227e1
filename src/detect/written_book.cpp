#include "detect/written_book.h"

namespace mailvigil::detect {

void WrittenBook::note(std::string_view path, Written written) {
    const auto known = files_.find(std::string(path));
    if (known != files_.end()) {
        known->second = std::move(written);
        return;
    }
    if (files_.size() == kFilesMax) {
        files_.erase(in_order_.front());
        in_order_.pop_front();
    }
    in_order_.push_back(files_.emplace(path, std::move(written)).first->first);
}

const Written* WrittenBook::find(std::string_view path) const {
    if (files_.empty()) {
        return nullptr;
    }
    const auto found = files_.find(std::string(path));
    return found == files_.end() ? nullptr : &found->second;
}

}  // namespace mailvigil::detect
