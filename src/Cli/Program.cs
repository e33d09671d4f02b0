using System.CommandLine;
using Dataplane.Cli;
using Dataplane.Cli.Commands;
using Dataplane.Cli.Echo;

var root = new RootCommand("Kubernetes service networking: control plane, node proxy, cluster DNS and kubelet in one program.")
{
    DemoCommand.Create(),
    UpCommand.Create(),
    DownCommand.Create(),
    DoctorCommand.Create(),
    ControlPlaneCommand.Create(),
    ProxyCommand.Create(),
    DnsCommand.Create(),
    KubeletCommand.Create(),
    BenchCommand.Create(),
    EchoCommand.Create(),
    CommandLog.Verbosity,
};

// A word that begins with @ is a server to `dns query`, not a file with more arguments.
return await root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }).InvokeAsync();
