using System.Runtime.InteropServices;

namespace Dataplane.Linux.Processes;

/// <summary>Numbers that differ between architectures: asm/unistd_64.h of x86, asm-generic/unistd.h.</summary>
internal static class SystemCall
{
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    internal static int Prctl => IsArm ? 167 : 157;

    internal static int Setgroups => IsArm ? 159 : 116;

    internal static int Setresgid => IsArm ? 149 : 119;

    internal static int Setresuid => IsArm ? 147 : 117;

    internal static int Seccomp => IsArm ? 277 : 317;
}
