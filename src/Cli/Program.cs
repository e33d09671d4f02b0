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
    EchoCommand.Create(),
    CommandLog.Verbosity,
};
return await root.Parse(args).InvokeAsync();
