using System.ComponentModel;
using System.Diagnostics;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Proxy.Iptables.Legacy;

/// <summary>The programs that write x_tables of old: its kernel interface replaces whole tables, in a layout that only they know.</summary>
/// <param name="networkNamespace">Where to run them; null for the process's own.</param>
/// <param name="isIpv6">ip6tables and its companions.</param>
internal sealed class LegacyTools(NetworkNamespace? networkNamespace, bool isIpv6)
{
    // Waits for another program's lock that long (-w); a large table takes the kernel some seconds.
    private const string LockSeconds = "10";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private string Prefix => isIpv6 ? "ip6tables-legacy" : "iptables-legacy";

    /// <summary>Tables that exist: asking for another one by program makes it.</summary>
    internal IReadOnlySet<string> Tables()
    {
        // /proc/net is a link to the process': go by the thread.
        var path = $"/proc/thread-self/net/{(isIpv6 ? "ip6" : "ip")}_tables_names";
        return In(() => File.Exists(path) ? File.ReadAllLines(path).ToHashSet() : []);
    }

    /// <summary>A table as iptables-save prints it.</summary>
    /// <exception cref="IOException">The program is missing or failed.</exception>
    internal string Save(string table) => Run($"{Prefix}-save", ["-t", table], "");

    /// <summary>All tables that exist, as iptables-save prints them.</summary>
    /// <exception cref="IOException">The program is missing or failed.</exception>
    internal string Save() => Run($"{Prefix}-save", [], "");

    /// <summary>Applies input of iptables-restore; each table's part is all or nothing.</summary>
    /// <exception cref="IOException">The program is missing or failed.</exception>
    internal void Restore(string input) => Run($"{Prefix}-restore", ["--noflush", "-w", LockSeconds], input);

    private string Run(string program, string[] arguments, string input)
    {
        try
        {
            // A child has the network namespace of the thread that starts it.
            using var process = In(() => Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!);
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            if (!process.WaitForExit(Longest))
            {
                process.Kill();
                throw new IOException($"{program} did not end within {Longest.TotalSeconds} s");
            }

            var (said, complaint) = (output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
            return process.ExitCode == 0 ? said : throw new IOException($"{program}: {complaint.Trim().ReplaceLineEndings("; ")}");
        }
        catch (Win32Exception missing)
        {
            throw new IOException($"{program}: {missing.Message}", missing);
        }
    }

    private T In<T>(Func<T> body) => networkNamespace is null ? body() : networkNamespace.Invoke(body);
}
