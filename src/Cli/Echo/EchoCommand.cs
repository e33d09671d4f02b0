using System.CommandLine;
using System.Runtime.InteropServices;
using Dataplane.Linux;

namespace Dataplane.Cli.Echo;

/// <summary>
/// <c>dataplane echo --port 8080</c>: the demo's application, so that a pod needs no downloaded image. It answers every HTTP
/// request with the name of the host it runs on (the pod's name), its own address and the client's.
/// </summary>
internal static class EchoCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "TCP port to listen on", DefaultValueFactory = _ => 8080 };
        var command = new Command("echo", "Answers HTTP requests with this pod's name and addresses.") { Hidden = true };
        command.Options.Add(port);
        command.SetAction(parsed => Run(parsed.GetValue(port)));
        return command;
    }

    private static int Run(int port)
    {
        if (port is < 1 or > ushort.MaxValue)
        {
            Console.Error.WriteLine($"echo: --port {port}: must be 1 to 65535");
            return 2;
        }

        try
        {
            using var server = new EchoServer(port);

            // As process 1 of its PID namespace the server only sees signals that it handles.
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            Console.Out.WriteLine($"{server.HostName} listens on port {port}");
            server.Run();
            return 0;

            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = true;
                server.Stop();
            }
        }
        catch (LinuxException failure)
        {
            Console.Error.WriteLine($"echo: {failure.Message}");
            return 1;
        }
    }
}
