/* The instructions of AMX on a CPU that lacks them: each one is an illegal instruction, whose handler decodes
 * it and does what Intel's Architecture Instruction Set Extensions Programming Reference says of it. So the
 * machine code itself is tested: encodings, operands, configurations. */
#ifndef AMX_TRAP_H
#define AMX_TRAP_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static struct {
    int is_configured;
    int rows[8], row_bytes[8];
    uint8_t data[8][16][64];
} amx;

static void amx_fail(const char *what)
{
    printf("illegal: %s\n", what);
    fflush(stdout);
    _Exit(3);
}

static long long amx_register(const ucontext_t *context, int number)
{
    static const int PLACES[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    return context->uc_mcontext.gregs[PLACES[number]];
}

/* A VEX-encoded instruction with a ModRM byte. */
typedef struct amx_code {
    int prefix, operand, opcode, mode, reg, rm; /* 0 none, 1 66, 2 F3, 3 F2; vvvv */
    uint8_t *address; /* of an operand in memory, without its index */
    long long index;  /* 0 without one */
    int length;
} amx_code;

static amx_code amx_decode(const uint8_t *at, const ucontext_t *context)
{
    amx_code c = { 0 };
    if (at[0] != 0xc4 || (at[1] & 0x1f) != 2)
        amx_fail("no instruction of AMX");
    const int high_base = !(at[1] >> 5 & 1), high_index = !(at[1] >> 6 & 1);
    c.operand = ~at[2] >> 3 & 15;
    c.prefix = at[2] & 3;
    c.opcode = at[3];
    c.mode = at[4] >> 6;
    c.reg = at[4] >> 3 & 7;
    c.rm = at[4] & 7;
    c.length = 5;
    if (c.mode == 3)
        return c;
    long long base = 0;
    int has_base = 1, wide = c.mode == 2;
    if (c.rm == 4) { /* a SIB byte */
        const int sib = at[c.length++], index = (sib >> 3 & 7) | high_index << 3;
        if (index != 4)
            c.index = amx_register(context, index) * (1ll << (sib >> 6));
        has_base = !((sib & 7) == 5 && c.mode == 0);
        base = has_base ? amx_register(context, (sib & 7) | high_base << 3) : 0;
        wide |= !has_base;
    } else if (c.rm == 5 && c.mode == 0) {
        amx_fail("an address by the instruction pointer");
    } else {
        base = amx_register(context, c.rm | high_base << 3);
    }
    int32_t offset = 0;
    if (c.mode == 1)
        offset = (int8_t)at[c.length++];
    else if (wide) {
        memcpy(&offset, at + c.length, sizeof offset);
        c.length += 4;
    }
    c.address = (uint8_t *)(uintptr_t)(base + offset);
    return c;
}

static void amx_configure(const uint8_t *to)
{
    memset(&amx, 0, sizeof amx);
    if (to[0] != 1 || to[1] != 0)
        amx_fail("a configuration of another palette or row");
    for (int i = 2; i < 16; ++i)
        if (to[i])
            amx_fail("a configuration with reserved bytes");
    for (int i = 0; i < 8; ++i) {
        amx.rows[i] = to[48 + i];
        amx.row_bytes[i] = to[16 + 2 * i] | to[17 + 2 * i] << 8;
        if (amx.rows[i] > 16 || amx.row_bytes[i] > 64 || !amx.rows[i] != !amx.row_bytes[i])
            amx_fail("a configuration of too large a tile");
    }
    amx.is_configured = 1;
}

static void amx_check(int tile)
{
    if (!amx.is_configured || !amx.rows[tile])
        amx_fail("a tile that is not configured");
}

static float amx_bf16(const uint8_t *at)
{
    const uint32_t bits = (uint32_t)(at[0] | at[1] << 8) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void amx_dot_bf16(uint8_t *sum, const uint8_t *row, int b, int column, int words)
{
    float first = 0, second = 0, all;
    for (int k = 0; k < words; ++k) {
        const uint8_t *word = amx.data[b][k] + 4 * column;
        first += amx_bf16(row + 4 * k) * amx_bf16(word);
        second += amx_bf16(row + 4 * k + 2) * amx_bf16(word + 2);
    }
    memcpy(&all, sum, sizeof all);
    all += first + second;
    memcpy(sum, &all, sizeof all);
}

static void amx_dot_int8(uint8_t *sum, const uint8_t *row, int b, int column, int words)
{
    int32_t all;
    memcpy(&all, sum, sizeof all);
    for (int i = 0; i < 4 * words; ++i)
        all += row[i] * (int8_t)amx.data[b][i / 4][4 * column + i % 4];
    memcpy(sum, &all, sizeof all);
}

static void amx_multiply(int sum, int a, int b, int is_bf16)
{
    amx_check(sum);
    amx_check(a);
    amx_check(b);
    if (amx.rows[sum] != amx.rows[a] || amx.row_bytes[a] != 4 * amx.rows[b]
        || amx.row_bytes[sum] != amx.row_bytes[b] || sum == a || sum == b || a == b)
        amx_fail("tiles that do not fit");
    for (int r = 0; r < amx.rows[sum]; ++r)
        for (int column = 0; column < amx.row_bytes[sum] / 4; ++column)
            (is_bf16 ? amx_dot_bf16 : amx_dot_int8)(amx.data[sum][r] + 4 * column, amx.data[a][r], b, column,
                                                    amx.row_bytes[a] / 4);
}

static void amx_move(int tile, const amx_code *c, int is_store)
{
    amx_check(tile);
    for (int r = 0; r < amx.rows[tile]; ++r) {
        uint8_t *place = c->address + r * c->index;
        if (is_store) {
            memcpy(place, amx.data[tile][r], (size_t)amx.row_bytes[tile]);
            continue;
        }
        memset(amx.data[tile][r], 0, 64);
        memcpy(amx.data[tile][r], place, (size_t)amx.row_bytes[tile]);
    }
}

static void amx_do(const amx_code *c)
{
    if (c->opcode == 0x49 && c->prefix == 0 && c->mode != 3)
        amx_configure(c->address);
    else if (c->opcode == 0x49 && c->prefix == 0)
        amx.is_configured = 0;
    else if (c->opcode == 0x49 && c->prefix == 3 && c->mode == 3) {
        amx_check(c->reg);
        memset(amx.data[c->reg], 0, sizeof amx.data[c->reg]);
    } else if (c->opcode == 0x4b && (c->prefix == 3 || c->prefix == 2) && c->mode != 3 && c->rm == 4)
        amx_move(c->reg, c, c->prefix == 2);
    else if (c->opcode == 0x5c && c->prefix == 2 && c->mode == 3)
        amx_multiply(c->reg, c->rm, c->operand, 1);
    else if (c->opcode == 0x5e && c->prefix == 1 && c->mode == 3)
        amx_multiply(c->reg, c->rm, c->operand, 0);
    else
        amx_fail("another instruction");
}

static void amx_handle(int signal, siginfo_t *info, void *place)
{
    (void)signal;
    ucontext_t *context = place;
    const amx_code code = amx_decode(info->si_addr, context);
    amx_do(&code);
    context->uc_mcontext.gregs[REG_RIP] += code.length;
}

static void amx_trap(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO };
    action.sa_sigaction = amx_handle;
    sigaction(SIGILL, &action, NULL);
}

#endif
