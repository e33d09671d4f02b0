using System.Globalization;
using Dataplane.Api;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dataplane.Proxy.Configuration;

/// <summary>KubeProxyConfiguration as a YAML (or JSON) file: what kubeadm keeps in the ConfigMap kube-system/kube-proxy.</summary>
public static class ConfigurationFile
{
    private const string ApiVersion = "kubeproxy.config.k8s.io/v1alpha1";
    private const string Kind = "KubeProxyConfiguration";

    /// <summary>Reads a file. Fields nobody knows are told of and left out, as upstream reads this version leniently.</summary>
    /// <param name="path">For the messages.</param>
    /// <param name="contents">The file.</param>
    /// <param name="unknown">Told of each unknown field's path.</param>
    /// <exception cref="FormatException">Not this kind of object, or a field with a value it cannot have; the message names file and field.</exception>
    public static ProxyConfiguration Read(string path, TextReader contents, Action<string> unknown)
    {
        YamlMappingNode root;
        try
        {
            var stream = new YamlStream();
            stream.Load(contents);
            root = stream.Documents is [{ RootNode: YamlMappingNode mapping }, ..] ? mapping : throw new FormatException($"{path}: not a YAML mapping");
        }
        catch (YamlException error)
        {
            throw new FormatException($"{path}: line {error.Start.Line}: not YAML: {error.Message}");
        }

        Require(path, root, "apiVersion", ApiVersion);
        Require(path, root, "kind", Kind);
        return ReadMapping(path, root, "", ProxyConfiguration.Default, unknown);
    }

    /// <summary>All settings, those left out with their defaults.</summary>
    public static void Write(ProxyConfiguration configuration, TextWriter output)
    {
        output.WriteLine($"apiVersion: {ApiVersion}");
        output.WriteLine($"kind: {Kind}");
        var group = "";
        foreach (var field in ConfigFields.All)
        {
            var dot = field.Path.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && field.Path[..dot] != group)
            {
                group = field.Path[..dot];
                output.WriteLine($"{group}:");
            }

            output.WriteLine($"{(dot > 0 ? "  " : "")}{field.Path[(dot + 1)..]}: {Scalar(field, configuration)}");
        }
    }

    private static ProxyConfiguration ReadMapping(string path, YamlMappingNode mapping, string prefix, ProxyConfiguration configuration, Action<string> unknown)
    {
        foreach (var (keyNode, value) in mapping.Children)
        {
            var name = prefix + ((keyNode as YamlScalarNode)?.Value ?? throw new FormatException($"{path}: line {keyNode.Start.Line}: a key that is no text"));
            if (name is "apiVersion" or "kind" || value is YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "~" or "" or null })
            {
                continue;
            }

            if (ConfigFields.ByPath.TryGetValue(name, out var field))
            {
                configuration = Take(path, configuration, field, value);
            }
            else if (value is YamlMappingNode inner && ConfigFields.All.Any(other => other.Path.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                configuration = ReadMapping(path, inner, name + ".", configuration, unknown);
            }
            else
            {
                unknown(name);
            }
        }

        return configuration;
    }

    private static ProxyConfiguration Take(string path, ProxyConfiguration configuration, ConfigField field, YamlNode value)
    {
        var text = (field.Kind, value) switch
        {
            (ConfigKind.List, YamlSequenceNode list) when list.All(item => item is YamlScalarNode) => string.Join(',', list.Select(item => ((YamlScalarNode)item).Value)),
            (ConfigKind.Map, YamlMappingNode map) => string.Join(',', map.Children.Select(pair => $"{pair.Key}={pair.Value}")),
            (not ConfigKind.List and not ConfigKind.Map, YamlScalarNode scalar) => scalar.Value ?? "",
            _ => throw new FormatException($"{path}: {field.Path}: line {value.Start.Line}: not {(field.Kind == ConfigKind.List ? "a list of texts" : field.Kind == ConfigKind.Map ? "a mapping" : "a single value")}"),
        };
        if (field.EmptyMeansDefault && text is "" or "0" or "0s")
        {
            return configuration;
        }

        try
        {
            return configuration.With(field, text);
        }
        catch (FormatException failure)
        {
            throw new FormatException($"{path}: {field.Path}: {failure.Message}");
        }
    }

    private static void Require(string path, YamlMappingNode root, string key, string wanted)
    {
        var found = root.Children.TryGetValue(new YamlScalarNode(key), out var node) && node is YamlScalarNode scalar ? scalar.Value : null;
        if (found != wanted)
        {
            throw new FormatException($"{path}: {key}: \"{found}\" where {wanted} is due");
        }
    }

    private static string Scalar(ConfigField field, ProxyConfiguration configuration)
    {
        var text = configuration.Text(field.Path);
        return field.Kind switch
        {
            ConfigKind.Text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
            ConfigKind.Duration => GoDuration.Format(configuration.Duration(field.Path)),
            ConfigKind.List => $"[{string.Join(", ", configuration.List(field.Path).Select(item => $"\"{item}\""))}]",
            ConfigKind.Map => $"{{{string.Join(", ", configuration.List(field.Path).Select(item => item.Split('=', 2)).Select(pair => $"{pair[0]}: {pair[^1]}"))}}}",
            ConfigKind.Number => configuration.Number(field.Path).ToString(CultureInfo.InvariantCulture),
            _ => text,
        };
    }
}
