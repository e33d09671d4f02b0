namespace Dataplane.Linux.Processes;

/// <summary>A program to run: what execve(2) is given, in the words of the container's root filesystem.</summary>
public sealed record ProgramPlan
{
    /// <summary>argv. The first is the program: a path when it has a slash, otherwise searched for in PATH of <see cref="Environment"/>.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary><c>NAME=value</c>, in the order the program sees them.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Absolute; made when it does not exist.</summary>
    public string WorkingDirectory { get; init; } = "/";
}

/// <summary>Where a program's standard streams go; null is /dev/null. The caller keeps and closes the handles.</summary>
public readonly record struct ProgramStreams(
    Microsoft.Win32.SafeHandles.SafeFileHandle? Input,
    Microsoft.Win32.SafeHandles.SafeFileHandle? Output,
    Microsoft.Win32.SafeHandles.SafeFileHandle? Error)
{
    /// <summary>The user may open them again by their paths below /proc/self/fd, as programs do that log to /dev/stdout.</summary>
    internal void GiveTo(UserLookup user)
    {
        foreach (var handle in new[] { Input, Output, Error }.Where(handle => handle is not null && user.User != 0))
        {
            LinuxException.Check(Interop.Libc.fchown(handle!, (uint)user.User, (uint)user.Group), "give a stream to its user");
        }
    }
}
