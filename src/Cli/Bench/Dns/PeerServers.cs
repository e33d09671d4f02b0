using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>Other name servers with the same names, configured as one would to have them fast on one core: one thread, no logs, no checks of clients.</summary>
internal static class PeerServers
{
    /// <summary>Writes a subject's files.</summary>
    /// <returns>How to start it.</returns>
    internal static async Task<string[]> PrepareAsync(string subject, int port, int services, string directory)
    {
        var configuration = Path.Combine(directory, "conf");
        var names = Enumerable.Range(0, services).Select(index => (Name: DnsBenchPlan.ServiceName(index), Address: DnsBenchPlan.Address(index)));
        switch (subject)
        {
            case DnsBenchPlan.Echo:
                return [await CompileEchoAsync(directory), Text(port)];
            case DnsBenchPlan.Unbound:
                File.WriteAllText(configuration, Unbound(port, directory) + Lines(names, (name, address) => $"  local-data: \"{name}. 5 IN A {address}\""));
                return ["unbound", "-d", "-p", "-c", configuration];
            case DnsBenchPlan.Knot:
                File.WriteAllText(Path.Combine(directory, "cluster.local.zone"), Zone + Lines(names, (name, address) => $"{name}. 5 IN A {address}"));
                File.WriteAllText(configuration, Knot(port, directory));
                return ["knotd", "-c", configuration];
            default:
                File.WriteAllText(Path.Combine(directory, "hosts"), Lines(names, (name, address) => $"{address} {name}"));
                File.WriteAllText(configuration, Dnsmasq(port, directory));
                return ["dnsmasq", "--keep-in-foreground", "--conf-file=" + configuration];
        }
    }

    private static string Zone => "@ 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5\n@ 5 IN NS ns.dns.cluster.local.\nns.dns 5 IN A 127.0.0.1\n";

    private static string Unbound(int port, string directory) => $"""
        remote-control:
          control-enable: no
        server:
          do-daemonize: no
          username: ""
          chroot: ""
          pidfile: ""
          directory: "{directory}"
          use-syslog: no
          logfile: "{directory}/log"
          interface: 127.0.0.1
          port: {port}
          num-threads: 1
          do-ip6: no
          module-config: "iterator"
          so-rcvbuf: 4m
          access-control: 127.0.0.0/8 allow
          local-zone: "cluster.local." static
          local-data: "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5"

        """;

    private static string Knot(int port, string directory) => $"""
        server:
            listen: 127.0.0.1@{port}
            rundir: "{directory}"
            udp-workers: 1
            tcp-workers: 1
            background-workers: 1
        database:
            storage: "{directory}"
        zone:
          - domain: cluster.local
            file: "{directory}/cluster.local.zone"
            zonefile-sync: -1

        """;

    private static string Dnsmasq(int port, string directory) => $"""
        port={port}
        listen-address=127.0.0.1
        bind-interfaces
        no-resolv
        no-hosts
        addn-hosts={directory}/hosts
        local=/cluster.local/
        user=root
        pid-file={directory}/pid

        """;

    private static async Task<string> CompileEchoAsync(string directory)
    {
        var source = Path.Combine(directory, "echo.c");
        await using (var text = typeof(PeerServers).Assembly.GetManifestResourceStream("echo.c")!)
        await using (var file = File.Create(source))
        {
            await text.CopyToAsync(file);
        }

        var program = Path.Combine(directory, "echo");
        using var compiler = Start(["gcc", "-O2", "-o", program, source]);
        await compiler.WaitForExitAsync();
        return compiler.ExitCode == 0 ? program : throw new UserErrorException($"gcc ended with status {compiler.ExitCode}");
    }

    /// <exception cref="UserErrorException">It is not installed.</exception>
    internal static Process Start(string[] command)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception missing)
        {
            throw new UserErrorException($"{command[0]}: {missing.Message}");
        }
    }

    private static string Lines(IEnumerable<(string Name, string Address)> names, Func<string, string, string> line) =>
        names.Aggregate(new StringBuilder(), (text, name) => text.Append(line(name.Name, name.Address)).Append('\n')).ToString();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
