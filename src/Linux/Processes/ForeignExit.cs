using System.Globalization;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>How a process ended that is nobody's child here.</summary>
internal static class ForeignExit
{
    private const int SignalMask = 0x7F;

    /// <returns>Null while it runs.</returns>
    internal static ExitStatus? TryGet(int pid, SafeFileHandle descriptor)
    {
        var info = new Libc.pidfd_info { mask = Libc.pidfd_info.Exit };
        var result = Libc.pidfd_get_info(descriptor, ref info);
        if (result == 0 && (info.mask & Libc.pidfd_info.Exit) != 0)
        {
            return Decode(info.exit_code);
        }

        // Ended but not reaped: then its number is still its own.
        if (Libc.pidfd_send_signal(descriptor, 0) == 0)
        {
            return Zombie(pid);
        }

        return ExitStatus.Unknown;
    }

    /// <summary>Fields 3 and 52 of proc_pid_stat(5): the state, and the exit code as wait(2) gives it.</summary>
    private static ExitStatus? Zombie(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].TrimEnd().Split(' ');
            return fields[0] is "Z" or "X" ? Decode(int.Parse(fields[52 - 3], CultureInfo.InvariantCulture)) : null;
        }
        catch (IOException)
        {
            // Reaped in between: the next look tells.
            return null;
        }
    }

    private static ExitStatus Decode(int status) => (status & SignalMask) is var signal and > 0
        ? new ExitStatus(128 + signal, signal)
        : new ExitStatus((status >> 8) & 0xFF, 0);
}
