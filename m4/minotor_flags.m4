# Compiler and linker flags, each probed by itself. A flag that does not work is left out, never an error.
# Everything goes into our own variables: CFLAGS, CPPFLAGS and LDFLAGS belong to whoever runs configure.

# MINOTOR_TRY_FLAG(KIND, FLAG, TEST-CFLAGS, TEST-LDFLAGS, IF-WORKS)
# -Werror turns the "unknown option, ignored" of some compilers into the answer no.
AC_DEFUN([MINOTOR_TRY_FLAG], [
  AS_VAR_PUSHDEF([cache], [minotor_cv_$1_flag_$2])
  AC_CACHE_CHECK([whether the $1 takes $2], [cache], [
    minotor_saved_CFLAGS=$CFLAGS
    minotor_saved_LDFLAGS=$LDFLAGS
    CFLAGS="$CFLAGS -Werror $3"
    LDFLAGS="$LDFLAGS $4"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("");]])],
      [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
    CFLAGS=$minotor_saved_CFLAGS
    LDFLAGS=$minotor_saved_LDFLAGS
  ])
  AS_VAR_IF([cache], [yes], [$5])
  AS_VAR_POPDEF([cache])
])

# MINOTOR_CFLAG(FLAG...): appends to MINOTOR_CFLAGS those that the compiler takes.
AC_DEFUN([MINOTOR_CFLAG], [m4_map_args_w([$1], [_MINOTOR_CFLAG(], [)], [
])])
AC_DEFUN([_MINOTOR_CFLAG], [
  MINOTOR_TRY_FLAG([compiler], [$1], [$1], [], [MINOTOR_CFLAGS="$MINOTOR_CFLAGS $1"])])

# MINOTOR_LDFLAG(FLAG...): appends to MINOTOR_LDFLAGS those that the linker takes.
AC_DEFUN([MINOTOR_LDFLAG], [m4_map_args_w([$1], [_MINOTOR_LDFLAG(], [)], [
])])
AC_DEFUN([_MINOTOR_LDFLAG], [
  MINOTOR_TRY_FLAG([linker], [$1], [], [$1], [MINOTOR_LDFLAGS="$MINOTOR_LDFLAGS $1"])])

# Warnings that find bugs; -Werror only for those who develop minotor: a new compiler must not break a release.
AC_DEFUN([MINOTOR_WARNINGS], [
  MINOTOR_CFLAG([-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wimplicit-fallthrough
    -Wnull-dereference -Wduplicated-cond -Wlogical-op])
  # clang counts a function that takes a va_list as one that passes on an unknown format; gcc knows better.
  AC_EGREP_CPP([minotor_is_clang], [
#ifdef __clang__
minotor_is_clang
#endif
], [MINOTOR_CFLAG([-Wno-format-nonliteral])])
  AS_IF([test "$enable_devel" = yes], [MINOTOR_CFLAGS="$MINOTOR_CFLAGS -Werror"])
])

# What makes a bug harder to exploit.
AC_DEFUN([MINOTOR_HARDENING], [
  AS_IF([test "$enable_hardening" = yes], [
    MINOTOR_CFLAG([-fstack-protector-strong -fstack-clash-protection -fcf-protection])
    MINOTOR_LDFLAG([-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
    MINOTOR_TRY_FLAG([compiler], [-fPIE -pie], [-fPIE], [-pie],
      [MINOTOR_PROGRAM_CFLAGS=-fPIE MINOTOR_PROGRAM_LDFLAGS=-pie])
    MINOTOR_FORTIFY
  ])
])

# _FORTIFY_SOURCE works only where the optimiser runs, hides bugs from the sanitizers, and is the distribution's
# own business where its build flags name it.
AC_DEFUN([MINOTOR_FORTIFY], [
  MINOTOR_FORTIFY_LEVEL=no
  AS_CASE(["$CPPFLAGS $CFLAGS"], [*_FORTIFY_SOURCE*], [MINOTOR_FORTIFY_LEVEL=given], [
    AS_IF([test "$minotor_sanitizers" = no], [
      _MINOTOR_FORTIFY_LEVEL([3])
      AS_IF([test "$MINOTOR_FORTIFY_LEVEL" = no], [_MINOTOR_FORTIFY_LEVEL([2])])
    ])
  ])
])

# The C library says in a warning that it does not know the level, and says nothing when nothing is optimised.
AC_DEFUN([_MINOTOR_FORTIFY_LEVEL], [
  AC_MSG_CHECKING([whether _FORTIFY_SOURCE=$1 works])
  minotor_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <stdio.h>
#ifndef __OPTIMIZE__
#error no optimisation
#endif
]], [[puts("");]])], [
    MINOTOR_FORTIFY_LEVEL=$1
    MINOTOR_CPPFLAGS="$MINOTOR_CPPFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$1"
    AC_MSG_RESULT([yes])
  ], [AC_MSG_RESULT([no])])
  CFLAGS=$minotor_saved_CFLAGS
])

# --enable-sanitizers[=LIST]: asked for by name, so not having them is an error.
AC_DEFUN([MINOTOR_SANITIZERS], [
  AS_IF([test "$minotor_sanitizers" != no], [
    MINOTOR_TRY_FLAG([compiler], [-fsanitize=...], [-fsanitize=$minotor_sanitizers], [],
      [minotor_sanitizers_work=yes])
    AS_IF([test "$minotor_sanitizers_work" != yes],
      [AC_MSG_ERROR([$CC cannot build with -fsanitize=$minotor_sanitizers (is its runtime library installed?)])])
    MINOTOR_CFLAGS="$MINOTOR_CFLAGS -fsanitize=$minotor_sanitizers -fno-omit-frame-pointer"
    MINOTOR_LDFLAGS="$MINOTOR_LDFLAGS -fsanitize=$minotor_sanitizers"
    # The shadow memory of AddressSanitizer does not fit into a worker's memory limit.
    MINOTOR_CPPFLAGS="$MINOTOR_CPPFLAGS -DMINOTOR_SANITIZED=1"
    MINOTOR_CFLAG([-fno-sanitize-recover=all])
  ])
])

# --enable-fuzzer: the objects are instrumented, the fuzz targets get libFuzzer's main().
AC_DEFUN([MINOTOR_FUZZER], [
  AS_IF([test "$enable_fuzzer" = yes], [
    MINOTOR_TRY_FLAG([compiler], [-fsanitize=fuzzer-no-link], [-fsanitize=fuzzer-no-link], [],
      [minotor_fuzzer_works=yes])
    AS_IF([test "$minotor_fuzzer_works" != yes],
      [AC_MSG_ERROR([$CC has no libFuzzer: configure with CC=clang and install its runtime library])])
    MINOTOR_CFLAGS="$MINOTOR_CFLAGS -fsanitize=fuzzer-no-link"
    MINOTOR_FUZZER_LDFLAGS=-fsanitize=fuzzer
  ])
])

# Plugins: nothing leaves them but the one symbol, and nothing of ours enters. The sanitizers' runtime lives in
# the program that loads them, so under them the symbols cannot all be defined at link time.
AC_DEFUN([MINOTOR_MODULES], [
  MINOTOR_MODULE_CFLAGS=
  MINOTOR_MODULE_LDFLAGS=
  MINOTOR_TRY_FLAG([compiler], [-fvisibility=hidden], [-fvisibility=hidden], [],
    [MINOTOR_MODULE_CFLAGS=-fvisibility=hidden])
  AS_IF([test "$minotor_sanitizers$enable_fuzzer" = nono], [
    MINOTOR_TRY_FLAG([linker], [-Wl,-z,defs], [], [-Wl,-z,defs],
      [MINOTOR_MODULE_LDFLAGS=-Wl,-z,defs])
  ])
])
