using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Ingresses: stored for an ingress controller to follow.</summary>
internal sealed class IngressResource : ResourceDescriptor
{
    private const string OldClass = "kubernetes.io/ingress.class";
    private const int ShownHosts = 3;

    public override ResourceNames Names { get; } =
        new("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", Namespaced: true) { ShortNames = ["ing"] };

    public override string SchemaName => "networking.Ingress";

    public override string StoragePrefix => "/registry/ingress/";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Class"), new("Hosts"), new("Address"), new("Ports"), TableColumn.Age];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => obj.StringMap("metadata", "annotations").ContainsKey(OldClass)
        ? [$"annotation \"{OldClass}\" is deprecated, please use 'spec.ingressClassName' instead"]
        : [];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.OrNone(obj.Text("spec", "ingressClassName")), Hosts(obj), Addresses(obj),
        obj.Array("spec", "tls") is { Count: > 0 } ? "80, 443" : "80", TableCell.Age(obj, now),
    ];

    public override void Admit(JsonObject obj, string ns, StoreSnapshot snapshot) => IngressClassResource.DefaultClass(obj, snapshot);

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        var backend = spec.Object("defaultBackend");
        if (backend is null && !spec.Objects("rules").Any())
        {
            errors.InvalidRaw("spec", "[]networking.IngressRule(nil)", "either `defaultBackend` or `rules` must be specified");
        }

        if (backend is not null)
        {
            IngressBackendValidation.Validate(backend, "spec.defaultBackend", errors);
        }

        foreach (var (rule, at) in spec.Entries("spec", "rules"))
        {
            Rule(rule, at, errors);
        }

        foreach (var (tls, at) in spec.Entries("spec", "tls"))
        {
            var index = 0;
            foreach (var host in tls.Texts("hosts"))
            {
                Host(host, $"{at}.hosts[{index++}]", errors);
            }

            errors.Optional($"{at}.secretName", tls.Text("secretName"), NameRule.Subdomain);
        }

        if (spec.Text("ingressClassName") is { } name)
        {
            errors.Rule("spec.ingressClassName", name, NameRule.Subdomain.Errors(name));
        }
    }

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            if (ValueRules.IsAddress(host, out _))
            {
                errors.Invalid($"{path}.host", host, "must be a DNS name, not an IP address");
            }

            Host(host, $"{path}.host", errors);
        }

        if (rule.Object("http") is not { } http)
        {
            return;
        }

        if (!http.Objects("paths").Any())
        {
            errors.Required($"{path}.http.paths");
        }

        foreach (var (entry, at) in http.Entries($"{path}.http", "paths"))
        {
            Path(entry, at, errors);
        }
    }

    private static void Host(string host, string path, FieldErrors errors) =>
        errors.Rule(path, host, (host.Contains('*', StringComparison.Ordinal) ? NameRule.Wildcard : NameRule.Subdomain).Errors(host));

    private static void Path(JsonObject entry, string at, FieldErrors errors)
    {
        var path = entry.Text("path") ?? "";
        switch (entry.Text("pathType"))
        {
            case null:
                errors.Required($"{at}.pathType", "pathType must be specified");
                return;
            case "Exact" or "Prefix":
                if (!path.StartsWith('/'))
                {
                    errors.Invalid($"{at}.path", path, "must be an absolute path");
                }

                foreach (var part in (string[])["//", "/./", "/../", "%2f", "%2F"])
                {
                    if (path.Contains(part, StringComparison.Ordinal))
                    {
                        errors.Invalid($"{at}.path", path, $"must not contain '{part}'");
                    }
                }

                foreach (var end in (string[])["/..", "/."])
                {
                    if (path.EndsWith(end, StringComparison.Ordinal))
                    {
                        errors.Invalid($"{at}.path", path, $"cannot end with '{end}'");
                    }
                }

                break;
            case "ImplementationSpecific":
                if (path.Length > 0 && path[0] != '/')
                {
                    errors.Invalid($"{at}.path", path, "must be an absolute path");
                }

                break;
            case var type:
                errors.NotSupported($"{at}.pathType", type, "Exact", "ImplementationSpecific", "Prefix");
                break;
        }

        IngressBackendValidation.Validate(entry.Object("backend") ?? [], $"{at}.backend", errors);
    }


    private static string Hosts(JsonObject obj)
    {
        var hosts = obj.Objects("spec", "rules").Select(rule => rule.Text("host") is { Length: > 0 } host ? host : "*").Distinct().ToList();
        return hosts.Count switch
        {
            0 => "*",
            > ShownHosts => $"{string.Join(",", hosts.Take(ShownHosts))} + {hosts.Count - ShownHosts} more...",
            _ => string.Join(",", hosts),
        };
    }

    private static string Addresses(JsonObject obj) =>
        string.Join(",", obj.Objects("status", "loadBalancer", "ingress").Select(entry => entry.Text("ip") ?? entry.Text("hostname")));
}
