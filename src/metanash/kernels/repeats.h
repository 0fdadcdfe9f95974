/* The last step of stages that begin alike. Included by compiled.c.
 *
 * Nothing comes after the last step, so from the second stage on its estimates are the rewards. Where all stages have one
 * initial policy too, the lanes of the last step do in a stage what they did in the stage before it, to the last bit, and
 * more. So they go through the longest of the stages once, and their sums are kept wherever a stage ends or somebody looks;
 * the other steps go through stage after stage. With one step that is half of the iterations. */

#define MOST_FIELDS 10
#define COST_OF_STOP 2 /* a stop costs about as much as so many iterations */

/* Arrays [lanes][width] of what is advanced; a level of a sum is a field of its own. */
struct fields {
    int64_t count;
    int64_t width[MOST_FIELDS];
    double *full[MOST_FIELDS]; /* those of the call, with lanes of all steps */
};

/* Some of the lanes, moved together: the fields one after another, and what iterations read. */
struct some_lanes {
    int64_t first, steps, lanes; /* of each game the steps from the first on */
    double *fields, *q, *eta;
};

struct repeats {
    int is_on;
    int64_t games, horizon, states, of_q;
    struct fields fields;
    struct some_lanes rest, last;
    double *at_end, *seen; /* the fields of the last step where the call ends; [stops] those from `kept_from` on */
    int64_t *stops, *place; /* iterations of a stage at which these are kept; which of them comes after each piece */
    int64_t stop_count, kept_from, width_kept;
};

static double *field_of(const struct repeats *r, double *fields, int64_t lanes, int64_t which) {
    for (int64_t f = 0; f < which; f++) fields += lanes * r->fields.width[f];
    return fields;
}

/* Where lanes of some steps lie in an array of all: blocks of so many numbers, one after another if they are all lanes. */
struct blocks {
    int64_t count, first, entries, stride;
};

static struct blocks blocks_of(const struct repeats *r, const struct some_lanes *some, int64_t width) {
    const int64_t step = r->states * width, own = some->steps * step, all = r->horizon * step;
    return own == all ? (struct blocks){1, 0, r->games * own, 0} : (struct blocks){r->games, some->first * step, own, all};
}

static void take_lanes(const struct repeats *r, const struct some_lanes *some, const double *full, double *part, int64_t width) {
    const struct blocks b = blocks_of(r, some, width);
    full += b.first;
    for (int64_t g = 0; g < b.count; g++) memcpy(part + g * b.entries, full + g * b.stride, (size_t)b.entries * sizeof *part);
}

static void put_lanes(const struct repeats *r, const struct some_lanes *some, double *full, const double *part, int64_t width) {
    const struct blocks b = blocks_of(r, some, width);
    full += b.first;
    for (int64_t g = 0; g < b.count; g++) memcpy(full + g * b.stride, part + g * b.entries, (size_t)b.entries * sizeof *part);
}

/* All that a stage begins with, out of the arrays of the call. */
static void take_stage(const struct repeats *r, const struct some_lanes *some, const double *q, const double *eta) {
    double *fields = some->fields;
    for (int64_t f = 0; f < r->fields.count; f++) {
        take_lanes(r, some, r->fields.full[f], fields, r->fields.width[f]);
        fields += some->lanes * r->fields.width[f];
    }
    take_lanes(r, some, q, some->q, r->of_q), take_lanes(r, some, eta, some->eta, 1);
}

/* Fields from some field on to the arrays of the call. */
static void put_fields(const struct repeats *r, const struct some_lanes *some, const double *fields, int64_t from) {
    for (int64_t f = from; f < r->fields.count; f++) {
        put_lanes(r, some, r->fields.full[f], fields, r->fields.width[f]);
        fields += some->lanes * r->fields.width[f];
    }
}

/* Fields that are kept at stops, of all steps, to the arrays of the call, as they are after the piece. */
static void put_stop(const struct repeats *r, int64_t piece) {
    const double *last = r->seen + r->place[piece] * r->last.lanes * r->width_kept;
    put_fields(r, &r->rest, field_of(r, r->rest.fields, r->rest.lanes, r->kept_from), r->kept_from);
    put_fields(r, &r->last, last, r->kept_from);
}

/* The lanes of the last step have come to a stop. */
static void keep_stop(const struct repeats *r, int64_t stop, int is_end) {
    const double *kept = field_of(r, r->last.fields, r->last.lanes, r->kept_from);
    const int64_t entries = r->last.lanes * r->width_kept;
    memcpy(r->seen + stop * entries, kept, (size_t)entries * sizeof *kept);
    if (is_end) memcpy(r->at_end, r->last.fields, (size_t)(kept + entries - r->last.fields) * sizeof *kept);
}

/* Everything as it is at the end of the call, back to its arrays. */
static void put_all(const struct repeats *r) {
    put_fields(r, &r->rest, r->rest.fields, 0);
    put_fields(r, &r->last, r->at_end, 0);
}

static int by_size(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The stops of the pieces from the k-th on, before which a stage begins. */
static void find_stops(struct repeats *r, const int64_t *pieces, const int64_t *fresh, int64_t k, int64_t count) {
    int64_t done = 0, n = 0;
    for (int64_t j = k; j < count; j++) r->place[j] = r->stops[j - k] = done = (fresh[j] ? 0 : done) + pieces[j];
    qsort(r->stops, (size_t)(count - k), sizeof *r->stops, by_size);
    for (int64_t j = 0; j < count - k; j++)
        if (!n || r->stops[j] > r->stops[n - 1]) r->stops[n++] = r->stops[j];
    r->stop_count = n;
    for (int64_t j = k; j < count; j++)
        r->place[j] = (int64_t *)bsearch(&r->place[j], r->stops, (size_t)n, sizeof *r->stops, by_size) - r->stops;
}

/* Whether fewer vectors are advanced that way, from the k-th piece on. */
static int repeats_pay(const struct repeats *r, const int64_t *pieces, const int64_t *fresh, int64_t k, int64_t count) {
    const int64_t lanes = r->games * r->states, last = (lanes + 7) / 8, rest = (lanes * (r->horizon - 1) + 7) / 8,
                  all = (lanes * r->horizon + 7) / 8;
    double total = 0.0, longest = 0.0, done = 0.0;
    for (int64_t j = k; j < count; j++) {
        done = (fresh[j] ? 0.0 : done) + (double)pieces[j];
        total += (double)pieces[j];
        longest = done > longest ? done : longest;
    }
    return (double)rest * total + (double)last * longest + (double)(COST_OF_STOP * all * (count - k)) < (double)all * total;
}

/* Whether the last step goes once through the stages from that of the k-th piece on: if it pays and there is room for all of
 * it. The lanes are then as they are where that stage begins. */
static int begin_repeats(struct repeats *r, const double *q, const double *eta, const int64_t *pieces, const int64_t *fresh,
                         int64_t k, int64_t count) {
    if (!repeats_pay(r, pieces, fresh, k, count)) return 0;
    const int64_t rest = r->games * (r->horizon - 1) * r->states, last = r->games * r->states;
    int64_t width = 0;
    r->width_kept = 0;
    for (int64_t f = 0; f < r->fields.count; f++) {
        width += r->fields.width[f];
        if (f >= r->kept_from) r->width_kept += r->fields.width[f];
    }
    r->stops = malloc((size_t)(2 * count) * sizeof *r->stops);
    if (!r->stops) return 0;
    r->place = r->stops + count;
    find_stops(r, pieces, fresh, k, count);
    const int64_t own = width + r->of_q + 1;
    double *room = malloc((size_t)(rest * own + last * (own + width + r->stop_count * r->width_kept) + 1) * sizeof *room);
    if (!room) return 0; /* stage after stage, then */
    r->rest = (struct some_lanes){0, r->horizon - 1, rest, room, room + rest * width, room + rest * (width + r->of_q)};
    room += rest * own;
    r->last = (struct some_lanes){r->horizon - 1, 1, last, room, room + last * width, room + last * (width + r->of_q)};
    r->at_end = room + last * own, r->seen = r->at_end + last * width;
    r->is_on = 1;
    take_stage(r, &r->rest, q, eta), take_stage(r, &r->last, q, eta);
    return 1;
}

static void end_repeats(struct repeats *r) {
    free(r->stops);
    if (r->is_on) free(r->rest.fields);
}

/* All fields one after another, and as many more arrays [lanes][width]: what somebody who looks sees. */
static void copy_fields(const struct fields *f, int64_t lanes, const double *const *more, const int64_t *width, int64_t count,
                        double *out) {
    for (int64_t k = 0; k < f->count + count; k++) {
        const int64_t entries = lanes * (k < f->count ? f->width[k] : width[k - f->count]);
        memcpy(out, k < f->count ? f->full[k] : more[k - f->count], (size_t)entries * sizeof *out);
        out += entries;
    }
}
