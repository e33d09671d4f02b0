namespace Dataplane.Hosting.UserMode;

/// <summary>A program to run as root of a kernel of its own.</summary>
/// <param name="Path">Absolute, as on this machine: the kernel's root is this machine's, read-only.</param>
/// <param name="Arguments">Passed as they are.</param>
public sealed record UserModeProgram(string Path, params IReadOnlyList<string> Arguments)
{
    /// <summary>Modules loaded before it starts; others the kernel loads when they are asked for.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>The kernel's memory.</summary>
    public int Megabytes { get; init; } = 2048;

    /// <summary>When it has not ended by then, the kernel is killed.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Told what the program prints, as it prints it; null to have it in the result alone.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>What became of it.</summary>
/// <param name="ExitStatus">The program's; null when the kernel ended before it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="KernelLog">The console's last lines.</param>
public sealed record UserModeResult(int? ExitStatus, string Output, string Error, string KernelLog);
