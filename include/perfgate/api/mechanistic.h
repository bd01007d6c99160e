/*
 * Malaria risk from the climate of 30 days: mechanistic, a benchmark workload
 * and no medical advice.
 *
 * Temperature: the relative basic reproduction number R0(T) of Mordecai et
 * al. 2013, "Optimal temperature for malaria transmission is dramatically lower
 * than previously predicted", Ecology Letters 16:22-30 (doi:10.1111/ele.12015),
 * with the thermal responses of its table 1 for Anopheles and P. falciparum:
 *
 *   Briere c T (T - T0) sqrt(Tm - T)     quadratic q T^2 + r T + s
 *   a   biting rate          Briere     c=0.000203 T0=11.7 Tm=42.3
 *   MDR mosquito development Briere     c=0.000111 T0=14.7 Tm=34
 *   PDR parasite development Briere     c=0.000111 T0=14.7 Tm=34.4
 *   EFD eggs per female, day quadratic  q=-0.153    r=8.61   s=-97.7
 *   pEA egg-adult survival   quadratic  q=-0.00924  r=0.453  s=-4.77
 *   bc  competence, percent  quadratic  q=-0.54     r=25.2   s=-206
 *   p   daily survival       quadratic  q=-0.000828 r=0.0367 s=0.522; mu = -ln p
 *
 *   R0(T) = sqrt(a^2 bc exp(-mu/PDR) EFD pEA MDR / (N r mu^3)), divided by its
 *   maximum, so that N and r cancel. It peaks between 25 and 26 C and is 0
 *   below 16 and above 34 C.
 *
 * Rain, humidity and vegetation limit it by the fuzzy form of Craig, Snow and
 * le Sueur 1999, "A climate-based distribution model of malaria transmission in
 * sub-Saharan Africa", Parasitology Today 15:105-111: cos^2 between an unsuitable and
 * a suitable value, and the smallest of the limits counts.
 *   rain        0 .. 80 mm in 30 days (Craig et al. 1999)
 *   humidity    30 .. 60 %: 60 % after Grover-Kopec et al. 2006, Malaria Journal 5:38
 *   vegetation  NDVI 0.15 .. 0.40: 0.40 after Hay et al. 1998, Transactions of the Royal
 *               Society of Tropical Medicine and Hygiene 92:12-20
 * The unsuitable ends of humidity and vegetation are our choice.
 *
 * risk = R0(T)/max * min(rain, humidity, vegetation). Pure.
 */
#ifndef PERFGATE_API_MECHANISTIC_H
#define PERFGATE_API_MECHANISTIC_H

#include "perfgate/api/climate.h"

/* Of a window. */
struct climate {
	double temperature_c; /* mean */
	double rain_mm; /* sum */
	double humidity_percent; /* mean */
	double ndvi;
};

/* All 0..1. */
struct suitability {
	double temperature, rain, humidity, vegetation;
	double risk;
};

void mechanistic_climate(const struct window *window, struct climate *out);
/* R0(T) over its maximum, 0..1. */
double mechanistic_temperature(double temperature_c);
void mechanistic_assess(const struct climate *climate, struct suitability *out);

#endif
