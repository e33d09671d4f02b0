using System.Globalization;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>Programs between client and server, with what one would write into their configuration to have them fast.</summary>
internal static class PeerPrograms
{
    internal static bool IsPeer(string program) => program is ModesBenchPlan.Haproxy or ModesBenchPlan.Nginx;

    /// <summary>How to start a subject; null for the direct path.</summary>
    internal static string[]? CommandFor(string subject, BenchSite site, string directory, int services, bool churn)
    {
        var configuration = Path.Combine(directory, $"{subject}.conf");
        var program = ModesBenchPlan.ProgramOf(subject);
        switch (program)
        {
            case ModesBenchPlan.Direct:
                return null;
            case ModesBenchPlan.Haproxy:
                File.WriteAllText(configuration, Haproxy);
                return [program, "-db", "-q", "-f", configuration];
            case ModesBenchPlan.Nginx:
                File.WriteAllText(configuration, Nginx(directory));
                return [program, "-c", configuration, "-p", directory, "-e", "stderr"];
            default:
                return
                [
                    .. OwnProgram.Command, "bench", "modes", "--worker", site.Node.Name, "--modes", subject,
                    "--services", services.ToString(CultureInfo.InvariantCulture), .. churn ? ["--churn"] : Array.Empty<string>(),
                ];
        }
    }

    // Threads follow the cores by default. Both numbers together have to stay within a limit of 20,000 descriptors; no case needs more pipes.
    private static string Haproxy => $"""
        global
          maxconn 9700
          maxpipes 128
        defaults
          mode tcp
          option splice-auto
          timeout connect 5s
          timeout client 1h
          timeout server 1h
        listen web
          bind {BenchSite.NodeAddress}:{BenchSite.ServicePort}
          server a {BenchSite.ServerAddresses[0]}:{BenchSite.ServerPort}

        """;

    private static string Nginx(string directory) => $$"""
        load_module /usr/lib/nginx/modules/ngx_stream_module.so;
        daemon off;
        user root;
        pid {{directory}}/pid;
        worker_processes auto;
        events { worker_connections 19500; }
        stream {
          server {
            listen {{BenchSite.NodeAddress}}:{{BenchSite.ServicePort}} reuseport so_keepalive=on backlog=4096;
            proxy_pass {{BenchSite.ServerAddresses[0]}}:{{BenchSite.ServerPort}};
            proxy_timeout 1h;
          }
          server {
            listen {{BenchSite.NodeAddress}}:{{BenchSite.DatagramServicePort}} udp reuseport;
            proxy_pass {{BenchSite.ServerAddresses[0]}}:{{BenchSite.DatagramServerPort}};
            proxy_responses 1;
            proxy_timeout 30s;
          }
        }

        """;
}
