// Armadillo's side of `dotnet fsi build.fsx bench peers`, which compiles it:
//
//     g++ -O3 -march=native -fopenmp armadillo_em.cpp -o armadillo_em -larmadillo   (Debian: g++ libarmadillo-dev)
//
// usage: armadillo_em DATA ROWS FEATURES COMPONENTS full|diag|kmeans ITERATIONS TOLERANCE SECONDS
//
// DATA is raw little-endian float64, row by row; the first COMPONENTS rows are the starting means; covariances start from I,
// weights equal. TOLERANCE is not used. Runs are repeated for SECONDS. Prints a line of JSON: the shortest time of an iteration,
// the mean log-likelihood of a row after the last (for kmeans minus half of its mean squared distance), the peak of memory.
#include <armadillo>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

static void require(bool holds, const std::string &what) {
    if (!holds) {
        std::fprintf(stderr, "error: %s\n", what.c_str());
        std::exit(1);
    }
}

// Where Armadillo prints its progress, a line before the first iteration and one after each: notes when every line ends.
class Stamps : public std::streambuf {
  public:
    std::vector<Clock::time_point> times;

  protected:
    int overflow(int character) override {
        if (character == '\n')
            times.push_back(Clock::now());
        return character;
    }
};

// Bytes of this process, by the name that the kernel gives them.
static double memory(const std::string &field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(field + ":", 0) == 0)
            return 1024.0 * std::atof(line.c_str() + field.size() + 1);
    return 0.0;
}

// Armadillo's columns are the rows of the file.
static arma::mat read(const std::string &path, arma::uword rows, arma::uword features) {
    arma::mat data(features, rows);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char *>(data.memptr()), static_cast<std::streamsize>(data.n_elem * sizeof(double)));
    require(bool(file), "the file is too short");
    return data;
}

static double meanSquaredDistance(const arma::mat &data, const arma::mat &centres) {
    double sum = 0.0;
    for (arma::uword n = 0; n < data.n_cols; n++) {
        double least = std::numeric_limits<double>::infinity();
        for (arma::uword k = 0; k < centres.n_cols; k++)
            least = std::min(least, arma::accu(arma::square(data.col(n) - centres.col(k))));
        sum += least;
    }
    return sum / static_cast<double>(data.n_cols);
}

int main(int count, char **arguments) {
    require(count == 9, "it takes DATA ROWS FEATURES COMPONENTS TASK ITERATIONS TOLERANCE SECONDS");
    const arma::uword rows = std::stoull(arguments[2]), features = std::stoull(arguments[3]);
    const arma::uword components = std::stoull(arguments[4]);
    const std::string task = arguments[5];
    const unsigned iterations = std::stoul(arguments[6]);
    const double seconds = std::stod(arguments[8]);

    const double mib = 1024.0 * 1024.0, before = memory("VmRSS");
    const arma::mat data = read(arguments[1], rows, features);
    const arma::mat start = data.head_cols(components);
    const arma::rowvec weights(components, arma::fill::value(1.0 / static_cast<double>(components)));

    arma::gmm_full full;
    arma::gmm_diag diag;
    arma::mat centres;

    const auto run = [&]() {
        if (task == "full") {
            arma::cube identity(features, features, components);
            identity.each_slice() = arma::eye(features, features);
            full.set_params(start, identity, weights);
            return full.learn(data, components, arma::maha_dist, arma::keep_existing, 0, iterations, 0.0, true);
        }
        if (task == "diag") {
            diag.set_params(start, arma::mat(features, components, arma::fill::ones), weights);
            return diag.learn(data, components, arma::maha_dist, arma::keep_existing, 0, iterations, 0.0, true);
        }
        require(task == "kmeans", "TASK must be full, diag or kmeans");
        centres = start;
        return arma::kmeans(centres, data, components, arma::keep_existing, iterations, true);
    };

    Stamps stamps;
    std::ostream progress(&stamps);
    arma::set_cout_stream(progress);
    std::vector<double> times;
    const auto begin = Clock::now();

    while (times.empty() || secondsSince(begin) < seconds) {
        stamps.times.clear();
        require(run(), "Armadillo could not learn the mixture");
        require(stamps.times.size() > iterations, "it stopped before the last iteration");
        for (std::size_t i = stamps.times.size() - iterations; i < stamps.times.size(); i++)
            times.push_back(std::chrono::duration<double>(stamps.times[i] - stamps.times[i - 1]).count());
    }

    const double peak = memory("VmHWM");
    const double objective = task == "full"   ? full.avg_log_p(data)
                             : task == "diag" ? diag.avg_log_p(data)
                                              : -0.5 * meanSquaredDistance(data, centres);
    std::printf("{\"milliseconds\": %.6f, \"first\": %.6f, \"objective\": %.15g, \"peakMiB\": %.3f, \"beyondMiB\": %.3f}\n",
                1e3 * *std::min_element(times.begin(), times.end()), 1e3 * times[0], objective, peak / mib,
                (peak - before) / mib - static_cast<double>(data.n_elem * sizeof(double)) / mib);
}
