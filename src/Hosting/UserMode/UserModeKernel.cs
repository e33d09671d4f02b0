using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Dataplane.Hosting.UserMode;

/// <summary>
/// A Linux kernel as a process (Debian's package user-mode-linux), for what this machine's own kernel cannot do: it has IPVS, ipset and legacy x_tables as
/// modules, one processor, and no nf_tables for IPv4.
/// <code>
///   linux.uml ── root: hostfs of /, read-only
///             ── /run: tmpfs (network namespaces, temporary files)
///             ── /run/dp: hostfs of a temporary directory: what the program prints, and its exit status
///             ── init: a script in that directory
/// </code>
/// </summary>
public static class UserModeKernel
{
    private const string Program = "/usr/bin/linux.uml";
    private const string ModulesDirectory = "/usr/lib/uml/modules";
    private const string SharedMemory = "/dev/shm";
    private const int LogLines = 60;

    // modprobe looks under DIRECTORY/lib/modules, and the kernel calls it by the path it is told.
    private const string Init = """
        #!/bin/sh
        export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t tmpfs run /run || exit 1
        mkdir -p /run/dp /run/netns /run/home /run/tmp /run/kmod/lib /dev/pts /dev/shm
        mount -t devpts devpts /dev/pts
        mount -t tmpfs shm /dev/shm
        ln -sfn /proc/self/fd /dev/fd
        mount -t hostfs dp /run/dp -o "$DP_DIRECTORY" || exit 1
        ln -s /usr/lib/uml/modules /run/kmod/lib/modules
        printf '#!/bin/sh\nexec modprobe -d /run/kmod "$@"\n' > /run/kmod/modprobe
        chmod +x /run/kmod/modprobe
        echo /run/kmod/modprobe > /proc/sys/kernel/modprobe
        for module in $DP_MODULES; do /run/kmod/modprobe $module; done
        ip link set lo up
        export HOME=/run/home TMPDIR=/run/tmp DOTNET_EnableDiagnostics=0 DOTNET_CLI_TELEMETRY_OPTOUT=1 DATAPLANE_USER_MODE=1
        /run/dp/program > /run/dp/output 2> /run/dp/error < /dev/null
        echo $? > /run/dp/status
        sync
        echo o > /proc/sysrq-trigger
        sleep 60
        """;

    /// <summary>What is not installed; null when it can run.</summary>
    public static string? Missing() => !File.Exists(Program) || !Directory.Exists(ModulesDirectory)
        ? "Debian's package user-mode-linux is not installed"
        : Array.Exists(["/usr/sbin/modprobe", "/sbin/modprobe"], File.Exists) ? null : "modprobe (package kmod) is not installed";

    /// <summary>Boots a kernel, runs a program in it and ends it.</summary>
    /// <exception cref="IOException">It cannot be started.</exception>
    /// <exception cref="TimeoutException">The program did not end in time; carries what it printed last, and the kernel's log.</exception>
    public static async Task<UserModeResult> RunAsync(UserModeProgram program, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("dp-uml-").FullName;
        try
        {
            WriteScript(Path.Combine(directory, "init"), $"DP_DIRECTORY={Quoted(directory)}\nDP_MODULES={Quoted(string.Join(' ', program.Modules))}\n", Init);
            WriteScript(Path.Combine(directory, "program"), $"cd {Quoted(Environment.CurrentDirectory)}\n", $"exec {string.Join(' ', program.Arguments.Prepend(program.Path).Select(Quoted))}");
            return await RunAsync(program, directory, cancellation);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<UserModeResult> RunAsync(UserModeProgram program, string directory, CancellationToken cancellation)
    {
        using var process = Start(program, directory);
        var log = new StringBuilder();
        var console = Task.WhenAll(CopyAsync(process.StandardOutput, log), CopyAsync(process.StandardError, log));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(program.Limit);
        var told = 0;
        try
        {
            while (!process.HasExited)
            {
                await Task.WhenAny(process.WaitForExitAsync(limit.Token), Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token));
                limit.Token.ThrowIfCancellationRequested();
                told = Tell(program, directory, told);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{Path.GetFileName(program.Path)} did not end within {program.Limit.TotalSeconds:0} s in the user-mode kernel:\n"
                + $"{Read(directory, "output")}\n{Read(directory, "error")}\n{Tail(log)}");
        }
        finally
        {
            // Its processes are this one's children.
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            await process.WaitForExitAsync(CancellationToken.None);
        }

        await console.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var status = int.TryParse(Read(directory, "status").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (int?)null;
        return new UserModeResult(status, Read(directory, "output"), Read(directory, "error"), Tail(log));
    }

    private static Process Start(UserModeProgram program, string directory)
    {
        var start = new ProcessStartInfo(Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
            ArgumentList =
            {
                FormattableString.Invariant($"mem={program.Megabytes}M"), "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "panic=-1",
                "con=null", "con0=fd:0,fd:1", $"uml_dir={directory}/", "umid=kernel", $"init={directory}/init",
            },
        };
        // Its memory is a file, in /dev/shm unless it is told otherwise; a container's is often too small.
        if (!Directory.Exists(SharedMemory) || new DriveInfo(SharedMemory).AvailableFreeSpace < program.Megabytes * 1024L * 1024L)
        {
            start.Environment["TMPDIR"] = directory;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new IOException($"{Program}: {failure.Message}", failure);
        }
    }

    private static int Tell(UserModeProgram program, string directory, int told)
    {
        if (program.Progress is null)
        {
            return told;
        }

        var lines = Read(directory, "error").Split('\n');
        for (; told < lines.Length - 1; told++)
        {
            program.Progress(lines[told]);
        }

        return told;
    }

    private static async Task CopyAsync(StreamReader from, StringBuilder log)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (log)
            {
                log.Append(line).Append('\n');
            }
        }
    }

    private static string Tail(StringBuilder log)
    {
        lock (log)
        {
            return string.Join('\n', log.ToString().Split('\n').TakeLast(LogLines));
        }
    }

    private static string Read(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private static void WriteScript(string path, string variables, string body)
    {
        var firstLine = body.StartsWith("#!", StringComparison.Ordinal) ? "" : "#!/bin/sh\n";
        var (head, rest) = firstLine.Length > 0 ? (firstLine, body) : (body[..(body.IndexOf('\n') + 1)], body[(body.IndexOf('\n') + 1)..]);
        File.WriteAllText(path, $"{head}{variables}{rest}\n");
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''")}'";
}
