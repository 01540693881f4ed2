/*
 * heat2d: how heat spreads over a square plate whose upper edge is kept hot.
 *
 * Solves u_t = a (u_xx + u_yy) on the unit square by explicit finite differences: u = 100 on the upper edge, 0 on the
 * other three. The time step is the largest stable one, so that the result tends to the harmonic function that the
 * edges prescribe; `--check` compares it with that function's series.
 *
 *   heat2d [POINTS [STEPS]]     so many points along an edge (default 160), so many time steps (default 4000)
 *   heat2d --check              a small run against the analytic solution; exit status 1 when they differ
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double HOT = 100.0;
static const double PI = 3.14159265358979323846;

/* A field of n by n points, edges included; the other half is where the next step is written. */
struct plate {
    int n;
    double *now;
    double *next;
};

static double *at(const struct plate *plate, double *field, int row, int column)
{
    return field + (size_t)row * (size_t)plate->n + (size_t)column;
}

static int make_plate(struct plate *plate, int n)
{
    size_t n_points = (size_t)n * (size_t)n;
    plate->n = n;
    plate->now = calloc(n_points, sizeof *plate->now);
    plate->next = calloc(n_points, sizeof *plate->next);
    if (plate->now == NULL || plate->next == NULL) {
        return -1;
    }
    for (int column = 1; column < n - 1; column++) {
        *at(plate, plate->now, 0, column) = HOT;
        *at(plate, plate->next, 0, column) = HOT;
    }
    return 0;
}

static void free_plate(struct plate *plate)
{
    free(plate->now);
    free(plate->next);
}

/* One time step with a dt / h^2 = 1/4, the limit of stability; gives the largest change of a point. */
static double step(struct plate *plate)
{
    double change = 0.0;
    for (int row = 1; row < plate->n - 1; row++) {
        const double *above = at(plate, plate->now, row - 1, 0);
        const double *here = at(plate, plate->now, row, 0);
        const double *below = at(plate, plate->now, row + 1, 0);
        double *next = at(plate, plate->next, row, 0);
        for (int column = 1; column < plate->n - 1; column++) {
            double value = 0.25 * (above[column] + below[column] + here[column - 1] + here[column + 1]);
            double difference = fabs(value - here[column]);
            next[column] = value;
            change = difference > change ? difference : change;
        }
    }
    double *spare = plate->now;
    plate->now = plate->next;
    plate->next = spare;
    return change;
}

static double mean(const struct plate *plate)
{
    double sum = 0.0;
    for (int row = 1; row < plate->n - 1; row++) {
        for (int column = 1; column < plate->n - 1; column++) {
            sum += *at(plate, plate->now, row, column);
        }
    }
    return sum / ((double)(plate->n - 2) * (double)(plate->n - 2));
}

/* FNV-1a over the field as it would be printed with six digits: the same on every machine that rounds alike. */
static unsigned long long checksum(const struct plate *plate)
{
    unsigned long long hash = 14695981039346656037ULL;
    char text[32];
    for (int row = 0; row < plate->n; row++) {
        for (int column = 0; column < plate->n; column++) {
            snprintf(text, sizeof text, "%.6f;", *at(plate, plate->now, row, column));
            for (const char *byte = text; *byte != '\0'; byte++) {
                hash = (hash ^ (unsigned char)*byte) * 1099511628211ULL;
            }
        }
    }
    return hash;
}

/* The steady state at x, y (y = 0 is the hot edge), by its sine series. */
static double steady(double x, double y)
{
    double sum = 0.0;
    for (int k = 1; k < 200; k += 2) {
        sum += sin(k * PI * x) * sinh(k * PI * (1.0 - y)) / (k * sinh(k * PI));
    }
    return 4.0 * HOT / PI * sum;
}

static int check(void)
{
    struct plate plate;
    if (make_plate(&plate, 41) != 0) {
        perror("heat2d");
        return 1;
    }
    double change = HOT;
    int n_steps = 0;
    while (change > 1e-9 && n_steps < 100000) {
        change = step(&plate);
        n_steps++;
    }
    double worst = 0.0;
    for (int row = 4; row < 41 - 4; row++) {
        for (int column = 4; column < 41 - 4; column++) {
            double expected = steady(column / 40.0, row / 40.0);
            double difference = fabs(*at(&plate, plate.now, row, column) - expected);
            worst = difference > worst ? difference : worst;
        }
    }
    double centre = *at(&plate, plate.now, 20, 20);
    free_plate(&plate);
    /* By symmetry the centre is at a quarter of the hot edge's temperature. */
    int is_good = worst < 0.2 && fabs(centre - HOT / 4.0) < 1e-6;
    printf("check: %d steps, centre %.6f (expected %.6f), largest difference from the series %.4f: %s\n", n_steps,
           centre, HOT / 4.0, worst, is_good ? "good" : "WRONG");
    return is_good ? 0 : 1;
}

static int read_number(const char *text, int least, int most, int *number)
{
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "heat2d: '%s' is no whole number from %d to %d\n", text, least, most);
        return -1;
    }
    *number = (int)value;
    return 0;
}

int main(int n_arguments, char **arguments)
{
    int n = 160;
    int n_steps = 4000;
    /* A batch job's output is a file: each line is to be there when it is printed. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (n_arguments == 2 && strcmp(arguments[1], "--check") == 0) {
        return check();
    }
    if (n_arguments > 3) {
        fprintf(stderr, "usage: heat2d [POINTS [STEPS]] | heat2d --check\n");
        return 2;
    }
    if ((n_arguments > 1 && read_number(arguments[1], 3, 4096, &n) != 0) ||
        (n_arguments > 2 && read_number(arguments[2], 1, 10000000, &n_steps) != 0)) {
        return 2;
    }
    struct plate plate;
    if (make_plate(&plate, n) != 0) {
        perror("heat2d");
        return 1;
    }
    printf("heat2d: %d x %d points, %d steps\n", n, n, n_steps);
    printf("%10s %14s %14s\n", "step", "mean", "change");
    int report = n_steps >= 10 ? n_steps / 10 : 1;
    for (int number = 1; number <= n_steps; number++) {
        double change = step(&plate);
        if (number % report == 0 || number == n_steps) {
            printf("%10d %14.6f %14.6e\n", number, mean(&plate), change);
        }
    }
    printf("checksum %016llx\n", checksum(&plate));
    free_plate(&plate);
    return 0;
}
