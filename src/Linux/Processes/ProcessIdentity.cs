using System.Globalization;

namespace Dataplane.Linux.Processes;

/// <summary>A process that can be recognised later: its number may have been given to another by then, its start time not.</summary>
/// <param name="Pid">As this process sees it.</param>
/// <param name="StartTime">Clock ticks since boot, field 22 of proc_pid_stat(5).</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <exception cref="IOException">There is no such process.</exception>
    public static ProcessIdentity Of(int pid) => new(pid, ReadStartTime(pid));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, out ProcessIdentity identity)
    {
        identity = default;
        if (text.Split(' ') is not [var pid, var start]
            || !int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
        {
            return false;
        }

        identity = new ProcessIdentity(number, time);
        return true;
    }

    /// <summary>Kills the process if it is still this one and not the caller; true when a signal was sent.</summary>
    public bool Kill()
    {
        const int sigkill = 9;
        if (Pid <= 1 || Pid == Environment.ProcessId)
        {
            return false;
        }

        try
        {
            // Opened before it is looked at: then the pidfd stands for the process whose start time is read.
            using var process = ChildProcess.Open(Pid);
            return ReadStartTime(Pid) == StartTime && process.Signal(sigkill);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>PID and start time with a blank between.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTime}");

    private static ulong ReadStartTime(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");

        // The second field is the program's name in parentheses, which may hold blanks and parentheses of its own.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return ulong.Parse(fields[22 - 3], CultureInfo.InvariantCulture);
    }
}
