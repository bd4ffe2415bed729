/* Draws curves into an SVG file. */
#ifndef PLOT_H
#define PLOT_H
#include <stdio.h>

typedef struct curve {
    const char* name;
    const char* colour;
    const double* x;
    const double* y;
    size_t n;
    int dots; /* points instead of a line */
} curve;

typedef struct range { double low, high; } range;

static inline range plot_range(const curve* curves, size_t n, int of_y) {
    range r = {1e300, -1e300};
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < curves[k].n; i++) {
            double v = of_y ? curves[k].y[i] : curves[k].x[i];
            if (v < r.low) r.low = v;
            if (v > r.high) r.high = v;
        }
    if (r.high <= r.low) r.high = r.low + 1.0;
    return r;
}

enum { PLOT_WIDTH = 720, PLOT_HEIGHT = 440, PLOT_MARGIN = 56 };

static inline double plot_x(range r, double v) {
    return PLOT_MARGIN + (v - r.low) / (r.high - r.low) * (PLOT_WIDTH - 2 * PLOT_MARGIN);
}

static inline double plot_y(range r, double v) {
    return PLOT_HEIGHT - PLOT_MARGIN - (v - r.low) / (r.high - r.low) * (PLOT_HEIGHT - 2 * PLOT_MARGIN);
}

static inline void plot_axes(FILE* out, range x, range y, const char* title, const char* x_name, const char* y_name) {
    fprintf(out, "<rect width='100%%' height='100%%' fill='white'/>\n<g font-family='sans-serif' font-size='12'>\n");
    fprintf(out, "<text x='%d' y='28' font-size='16'>%s</text>\n", PLOT_MARGIN, title);
    fprintf(out, "<text x='%d' y='%d' text-anchor='middle'>%s</text>\n", PLOT_WIDTH / 2, PLOT_HEIGHT - 14, x_name);
    fprintf(out, "<text transform='translate(14 %d) rotate(-90)' text-anchor='middle'>%s</text>\n", PLOT_HEIGHT / 2, y_name);
    for (int i = 0; i <= 5; i++) {
        double vx = x.low + (x.high - x.low) * i / 5, vy = y.low + (y.high - y.low) * i / 5;
        fprintf(out, "<path d='M%g %dV%d M%d %gH%d' stroke='#ddd'/>\n", plot_x(x, vx), PLOT_MARGIN,
                PLOT_HEIGHT - PLOT_MARGIN, PLOT_MARGIN, plot_y(y, vy), PLOT_WIDTH - PLOT_MARGIN);
        fprintf(out, "<text x='%g' y='%d' text-anchor='middle'>%.3g</text>\n", plot_x(x, vx), PLOT_HEIGHT - 36, vx);
        fprintf(out, "<text x='%d' y='%g' text-anchor='end'>%.3g</text>\n", PLOT_MARGIN - 6, plot_y(y, vy) + 4, vy);
    }
}

static inline void plot_curve(FILE* out, range x, range y, const curve* c, size_t place) {
    fprintf(out, "<text x='%d' y='%d' fill='%s' text-anchor='end'>%s</text>\n", PLOT_WIDTH - PLOT_MARGIN - 8,
            PLOT_MARGIN + 18 + 16 * (int)place, c->colour, c->name);
    if (!c->dots) fprintf(out, "<polyline fill='none' stroke='%s' stroke-width='1.5' points='", c->colour);
    for (size_t i = 0; i < c->n; i++)
        fprintf(out, c->dots ? "<circle cx='%.1f' cy='%.1f' r='2.5' fill='%s'/>\n" : "%.1f,%.1f ", plot_x(x, c->x[i]),
                plot_y(y, c->y[i]), c->colour);
    if (!c->dots) fprintf(out, "'/>\n");
}

/* Writes the picture; gives 0 if the file could not be written. */
static inline int plot(const char* path, const char* title, const char* x_name, const char* y_name, const curve* curves,
                       size_t n) {
    range x = plot_range(curves, n, 0), y = plot_range(curves, n, 1);
    FILE* out = fopen(path, "w");
    if (!out) return 0;
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d'>\n", PLOT_WIDTH, PLOT_HEIGHT);
    plot_axes(out, x, y, title, x_name, y_name);
    for (size_t k = 0; k < n; k++) plot_curve(out, x, y, &curves[k], k);
    fprintf(out, "</g>\n</svg>\n");
    return fclose(out) == 0;
}

#endif
