using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Linux.Capabilities;

namespace Dataplane.Linux.Seccomp;

/// <summary>
/// The default filter for containers, assembled as classic BPF: calls that no container has a use for, or that its capabilities do
/// not cover, fail with EPERM; those that are newer than this list with ENOSYS, as on an older kernel. Follows Docker's profile
/// (https://docs.docker.com/engine/security/seccomp/) from the other side: it lists what is allowed, this what is not.
/// </summary>
internal static class SeccompFilter
{
    /// <summary>struct sock_filter: code (16 bits), jump if true (8), jump if false (8), operand (32).</summary>
    internal const int InstructionSize = 8;

    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreaterOrEqual = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;

    // struct seccomp_data: number, architecture, instruction pointer, six arguments of 64 bits.
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint FirstArgument = 16;

    private const uint Allow = 0x7fff0000;
    private const uint Fail = 0x00050000;
    private const uint NotPermitted = Fail | 1;
    private const uint NotImplemented = Fail | 38;

    /// <summary>audit.h: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64.</summary>
    private const uint ArchitectureX64 = 0xC000003E;
    private const uint ArchitectureArm64 = 0xC00000B7;

    /// <summary>CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET.</summary>
    private const uint NewNamespaces = 0x7E020000;

    private const uint AddressFamilyVsock = 40;

    /// <summary>PER_LINUX, PER_LINUX32, both with UNAME26, and the question which it is.</summary>
    private static readonly uint[] Personalities = [0, 8, 0x20000, 0x20008, 0xffffffff];

    /// <param name="capabilities">What the container may have: with some, more calls are allowed.</param>
    /// <returns>Instructions in the machine's byte order.</returns>
    internal static byte[] Build(ulong capabilities)
    {
        var isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        var program = new List<(ushort Code, byte True, byte False, uint Operand)>
        {
            (LoadWord, 0, 0, ArchitectureOffset),
            (JumpIfEqual, 1, 0, isArm ? ArchitectureArm64 : ArchitectureX64),
            (Return, 0, 0, NotImplemented),
            (LoadWord, 0, 0, NumberOffset),
            (JumpIfGreaterOrEqual, 0, 1, RestrictedCalls.FirstUnknown),
            (Return, 0, 0, NotImplemented),
        };
        var administers = CapabilitySet.Has(capabilities, "SYS_ADMIN");
        foreach (var call in RestrictedCalls.All)
        {
            var number = isArm ? call.Arm64 : call.X64;
            if (number >= 0 && (call.Capability is null || !CapabilitySet.Has(capabilities, call.Capability)))
            {
                program.Add((JumpIfEqual, 0, 1, (uint)number));
                program.Add((Return, 0, 0, NotPermitted));
            }
        }

        if (!administers)
        {
            // clone3 has its flags in memory, where a filter cannot look: the C library falls back to clone.
            program.Add((JumpIfEqual, 0, 1, RestrictedCalls.Clone3));
            program.Add((Return, 0, 0, NotImplemented));
            program.Add((JumpIfEqual, 0, 4, (uint)(isArm ? RestrictedCalls.Clone.Arm64 : RestrictedCalls.Clone.X64)));
            program.Add((LoadWord, 0, 0, FirstArgument));
            program.Add((JumpIfAnyBit, 0, 1, NewNamespaces));
            program.Add((Return, 0, 0, NotPermitted));
            program.Add((Return, 0, 0, Allow));
        }

        program.Add((JumpIfEqual, 0, 4, (uint)(isArm ? RestrictedCalls.Socket.Arm64 : RestrictedCalls.Socket.X64)));
        program.Add((LoadWord, 0, 0, FirstArgument));
        program.Add((JumpIfEqual, 0, 1, AddressFamilyVsock));
        program.Add((Return, 0, 0, NotPermitted));
        program.Add((Return, 0, 0, Allow));
        program.Add((JumpIfEqual, 1, 0, (uint)(isArm ? RestrictedCalls.Personality.Arm64 : RestrictedCalls.Personality.X64)));
        program.Add((Return, 0, 0, Allow));
        program.Add((LoadWord, 0, 0, FirstArgument));
        for (var i = 0; i < Personalities.Length; i++)
        {
            program.Add((JumpIfEqual, (byte)(Personalities.Length - i), 0, Personalities[i]));
        }

        program.Add((Return, 0, 0, NotPermitted));
        program.Add((Return, 0, 0, Allow));
        return Encode(program);
    }

    private static byte[] Encode(List<(ushort Code, byte True, byte False, uint Operand)> program)
    {
        var bytes = new byte[program.Count * InstructionSize];
        for (var i = 0; i < program.Count; i++)
        {
            var at = bytes.AsSpan(i * InstructionSize);
            BinaryPrimitives.WriteUInt16LittleEndian(at, program[i].Code);
            (at[2], at[3]) = (program[i].True, program[i].False);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], program[i].Operand);
        }

        return bytes;
    }
}
