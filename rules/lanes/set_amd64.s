#include "textflag.h"

// The bit of each high digit: 1<<0 to 1<<7, twice.
DATA bits<>+0(SB)/8, $0x8040201008040201
DATA bits<>+8(SB)/8, $0x8040201008040201
GLOBL bits<>(SB), RODATA|NOPTR, $16

DATA digit<>+0(SB)/1, $0x0f
GLOBL digit<>(SB), RODATA|NOPTR, $1

DATA top<>+0(SB)/1, $0x80
GLOBL top<>(SB), RODATA|NOPTR, $1

// LOAD takes the set at AX and what stays the same.
#define LOAD \
	VBROADCASTI128 0(AX), Y0     \ // the elements of low
	VBROADCASTI128 16(AX), Y1    \ // and of high
	VBROADCASTI128 bits<>(SB), Y2 \
	VPBROADCASTB digit<>(SB), Y3 \
	VPBROADCASTB top<>(SB), Y4

// MEMBERS makes a bit in BX of each of the 32 bytes at SI. VPSHUFB looks up the
// low digit, and gives zero for a byte whose top bit is set.
#define MEMBERS \
	VMOVDQU (SI), Y5      \
	VPXOR Y4, Y5, Y6      \
	VPSHUFB Y5, Y0, Y7    \
	VPSHUFB Y6, Y1, Y8    \
	VPOR Y7, Y8, Y7       \ // the element of the low digit
	VPSRLW $4, Y5, Y5     \
	VPAND Y3, Y5, Y5      \
	VPSHUFB Y5, Y2, Y5    \ // the bit of the high digit
	VPAND Y5, Y7, Y7      \
	VPCMPEQB Y5, Y7, Y7   \
	VPMOVMSKB Y7, BX

// func indexAVX2(s *Set, text *byte, blocks int) int
TEXT ·indexAVX2(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ SI, DX
	LOAD

next:
	MEMBERS
	TESTL BX, BX
	JNZ found
	ADDQ $32, SI
	DECQ CX
	JNZ next
	JMP done

found:
	BSFL BX, BX
	ADDQ BX, SI

done:
	SUBQ DX, SI
	MOVQ SI, ret+24(FP)
	VZEROUPPER
	RET

// func maskAVX2(s *Set, masks *uint64, text *byte, blocks int)
TEXT ·maskAVX2(SB), NOSPLIT, $0-32
	MOVQ s+0(FP), AX
	MOVQ masks+8(FP), DI
	MOVQ text+16(FP), SI
	MOVQ blocks+24(FP), CX
	LOAD

next:
	MEMBERS
	MOVL BX, (DI)
	ADDQ $4, DI
	ADDQ $32, SI
	DECQ CX
	JNZ next
	VZEROUPPER
	RET

// func shortAVX2(s *Set, text *byte, n int) uint32
//
// It reads 32 bytes, but none in a page of memory where the text has none: what
// follows the text, or, at the end of a page, what stands before it.
TEXT ·shortAVX2(SB), NOSPLIT, $0-28
	MOVQ s+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ n+16(FP), CX
	LOAD
	MOVQ SI, DX
	ANDQ $4095, DX
	CMPQ DX, $(4096-32)
	JHI  end
	MEMBERS
	MOVL $1, AX
	SHLL CX, AX
	DECL AX
	ANDL AX, BX
	MOVL BX, ret+24(FP)
	VZEROUPPER
	RET

end:
	LEAQ -32(SI)(CX*1), SI
	MEMBERS
	NEGQ CX
	ADDQ $32, CX
	SHRL CX, BX
	MOVL BX, ret+24(FP)
	VZEROUPPER
	RET
