#include "sensor/inode_search.h"

#include <dirent.h>

#include <memory>
#include <string_view>
#include <vector>

namespace mailvigil::sensor {

InodeSearch find_by_inode(const PlanBook& plan,
                          const FileKey& key,
                          std::string& path,
                          std::string_view except) {
    std::size_t looked = 0;
    std::vector<std::string> folders;
    for (const PlanPlace& place : plan.places()) {
        if (place.is_directory && place.key.device == key.device &&
            (place.what & (watch::kRead | watch::kWrite)) != 0) {
            folders.push_back(place.path);
        }
    }
    while (!folders.empty()) {
        const std::string folder = std::move(folders.back());
        folders.pop_back();
        const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
        while (open != nullptr) {
            const dirent* entry = ::readdir(open.get());
            if (entry == nullptr) {
                break;
            }
            const std::string_view name(entry->d_name);
            if (entry->d_ino == key.inode && name != "." && name != "..") {
                path = folder + "/" + std::string(name);
                if (path != except) {
                    return InodeSearch::found;
                }
            }
            if (++looked > kSearchedMax) {
                return InodeSearch::given_up;
            }
            if (entry->d_type == DT_DIR && name != "." && name != "..") {
                folders.push_back(folder + "/" + std::string(name));
            }
        }
    }
    return InodeSearch::elsewhere;
}

}  // namespace mailvigil::sensor
