/* What this processor can do at best, for the roofline of benchmarks/scaling.py: rates of the operations that the
 * kernels consist of, with the vectors and the exponential of the kernels themselves. Each function repeats an
 * operation on CHAINS independent vectors, enough to hide its latency, and returns a sum that depends on all. */
#include "../src/metanash/kernels/avx512.c"
#include "../src/metanash/kernels/avx2.c"
#include "../src/metanash/kernels/portable.c"

#define CHAINS 8

#define LOOP(name, isa, attributes, start, step)                                                                       \
    attributes double name##_##isa(int64_t repetitions) {                                                              \
        vec_##isa v[CHAINS], total = {0};                                                                              \
        const vec_##isa one = splat_##isa(1.0), scale = splat_##isa(0.999);                                            \
        for (int k = 0; k < CHAINS; k++) v[k] = splat_##isa(start + 0.01 * k);                                         \
        for (int64_t t = 0; t < repetitions; t++)                                                                      \
            _Pragma("GCC unroll 8") for (int k = 0; k < CHAINS; k++) v[k] = step;                                      \
        for (int k = 0; k < CHAINS; k++) total += v[k];                                                                \
        (void)one, (void)scale;                                                                                        \
        return total[0];                                                                                               \
    }

/* `count` vectors, read again and again. */
#define READ(isa, attributes)                                                                                          \
    attributes double read_##isa(const double *data, int64_t count, int64_t repetitions) {                             \
        const vec_##isa *v = (const vec_##isa *)data;                                                                  \
        vec_##isa part[8] = {{0}}, total = {0};                                                                        \
        for (int64_t t = 0; t < repetitions; t++)                                                                      \
            for (int64_t i = 0; i + 8 <= count; i += 8)                                                                \
                _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) part[k] += v[i + k];                               \
        for (int k = 0; k < 8; k++) total += part[k];                                                                  \
        return total[0];                                                                                               \
    }

#define PEAKS(isa, attributes)                                                                                         \
    LOOP(multiply_add, isa, attributes, 0.5, v[k] * scale + one)                                                       \
    LOOP(exponential, isa, attributes, 0.5, exp_unclamped_##isa(-v[k]))                                                \
    LOOP(division, isa, attributes, 0.5, one / v[k])                                                                   \
    READ(isa, attributes)

#if defined(__x86_64__)
PEAKS(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))))
PEAKS(avx2, __attribute__((target("avx2,fma"))))
#endif
PEAKS(portable, )
