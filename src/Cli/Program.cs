using System.CommandLine;

var root = new RootCommand("Kubernetes service networking: control plane, node proxy, cluster DNS and kubelet in one program.");
return await root.Parse(args).InvokeAsync();
