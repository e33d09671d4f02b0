using System.CommandLine;
using Dataplane.Cli;
using Dataplane.Cli.Commands;
using Dataplane.Cli.Echo;

(string Name, Func<Command> Create)[] commands =
[
    ("demo", DemoCommand.Create),
    ("up", UpCommand.Create),
    ("down", DownCommand.Create),
    ("doctor", DoctorCommand.Create),
    ("control-plane", ControlPlaneCommand.Create),
    ("proxy", ProxyCommand.Create),
    ("dns", DnsCommand.Create),
    ("kubelet", KubeletCommand.Create),
    ("bench", BenchCommand.Create),
    ("echo", EchoCommand.Create),
];

// One component does not load what the others are made of: that is memory for as long as it runs.
var named = commands.Where(command => command.Name == args.FirstOrDefault()).ToArray();
var root = new RootCommand("Kubernetes service networking: control plane, node proxy, cluster DNS and kubelet in one program.") { CommandLog.Verbosity };
foreach (var (_, create) in named.Length > 0 ? named : commands)
{
    root.Subcommands.Add(create());
}

// A word that begins with @ is a server to `dns query`, not a file with more arguments.
return await root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }).InvokeAsync();
