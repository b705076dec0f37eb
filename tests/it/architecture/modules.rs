//! The modules of the crate, read from its sources: what each module defines, what it imports, and which paths its code
//! names. Code that only tests compile (`#[cfg(test)]`) does not count.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Every source file by its path (`src/run/mod.rs`), with its text.
pub type Sources = BTreeMap<String, String>;

/// A path as code names it, without generic arguments: `crate`, `run`, `Event`.
pub type Path = Vec<String>;

/// A module, at its place in [`Modules`].
#[derive(Debug, Default)]
pub struct Module {
    /// The source file that holds the module.
    pub file: String,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    /// The names of the functions, types, constants and macros that the module defines.
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// Every path of two or more names in the module's code.
    pub paths: Vec<Path>,
}

/// One name that a `use` brings into a module.
#[derive(Debug)]
pub struct Import {
    pub path: Path,
    /// The name in this module; `*` for all names.
    pub name: String,
}

/// All modules of the library and of the program, parents before their children.
#[derive(Debug, Default)]
pub struct Modules(pub Vec<Module>);

impl Modules {
    /// Reads the crate from `src/lib.rs` and `src/main.rs`, of which either may be missing.
    pub fn read(sources: &Sources) -> Self {
        let mut modules = Self::default();
        for root in ["src/lib.rs", "src/main.rs"] {
            if sources.contains_key(root) {
                modules.read_file(sources, root, "src", None);
            }
        }
        modules
    }

    /// Reads a file, and the files of its modules below `folder`.
    fn read_file(
        &mut self,
        sources: &Sources,
        file: &str,
        folder: &str,
        parent: Option<usize>,
    ) -> usize {
        let text = &sources[file];
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.read_items(sources, &parsed.items, file, folder, parent)
    }

    fn read_items(
        &mut self,
        sources: &Sources,
        items: &[syn::Item],
        file: &str,
        folder: &str,
        parent: Option<usize>,
    ) -> usize {
        let mut code = Code::default();
        code.items(items);
        let place = self.0.len();
        self.0.push(Module {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            items: code.items,
            imports: code.imports,
            paths: code.paths,
        });
        for module in code.modules {
            let name = module.ident.to_string();
            let folder = format!("{folder}/{name}");
            let child = if let Some((_, items)) = &module.content {
                self.read_items(sources, items, file, &folder, Some(place))
            } else {
                let files = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
                let found = files.iter().find(|file| sources.contains_key(*file));
                let found = found.unwrap_or_else(|| panic!("{file}: module {name} has no file"));
                self.read_file(sources, found, &folder, Some(place))
            };
            self.0[place].children.insert(name, child);
        }
        place
    }
}

/// What stands in the code of one module, less the modules inside it.
#[derive(Default)]
struct Code<'a> {
    items: BTreeSet<String>,
    imports: Vec<Import>,
    paths: Vec<Path>,
    modules: Vec<&'a syn::ItemMod>,
}

impl<'a> Code<'a> {
    fn items(&mut self, items: &'a [syn::Item]) {
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            self.items.extend(defined(item));
            match item {
                syn::Item::Mod(module) => self.modules.push(module),
                other => self.visit_item(other),
            }
        }
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[plain(name)]].concat();
        let mut add = |path, name| self.imports.push(Import { path, name });
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
            // `use a::{self}` is `use a`.
            syn::UseTree::Name(name) if name.ident == "self" => {
                add(before.to_vec(), before.last().cloned().unwrap_or_default());
            }
            syn::UseTree::Name(name) => add(with(&name.ident), plain(&name.ident)),
            syn::UseTree::Rename(name) if name.ident == "self" => {
                add(before.to_vec(), plain(&name.rename));
            }
            syn::UseTree::Rename(name) => add(with(&name.ident), plain(&name.rename)),
            syn::UseTree::Glob(_) => add(before.to_vec(), "*".to_owned()),
        }
    }

    /// Collects the paths in the words of a macro, whose meaning only the macro knows.
    fn tokens(&mut self, tokens: &TokenStream) {
        let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let is = |at: usize, sign: char| matches!(trees.get(at), Some(TokenTree::Punct(it)) if it.as_char() == sign);
        let colons = |at: usize| is(at, ':') && is(at + 1, ':');
        let mut at = 0;
        while let Some(tree) = trees.get(at) {
            match tree {
                TokenTree::Group(group) => self.tokens(&group.stream()),
                TokenTree::Ident(first) if at < 2 || !colons(at - 2) => {
                    let mut path = vec![plain(first)];
                    while colons(at + 1) {
                        let Some(TokenTree::Ident(name)) = trees.get(at + 3) else {
                            break;
                        };
                        path.push(plain(name));
                        at += 3;
                    }
                    self.path(path);
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn path(&mut self, path: Path) {
        if path.len() > 1 {
            self.paths.push(path);
        }
    }
}

impl<'a> Visit<'a> for Code<'_> {
    fn visit_item(&mut self, item: &'a syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Const(it) => &it.attrs,
            syn::ImplItem::Fn(it) => &it.attrs,
            syn::ImplItem::Type(it) => &it.attrs,
            _ => return,
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        // `use ::name` names another crate.
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.leading_colon.is_none() {
            self.path(path.segments.iter().map(|it| plain(&it.ident)).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, macro_: &'a syn::Macro) {
        self.tokens(&macro_.tokens);
        visit::visit_macro(self, macro_);
    }

    fn visit_meta_list(&mut self, list: &'a syn::MetaList) {
        self.tokens(&list.tokens);
        visit::visit_meta_list(self, list);
    }

    fn visit_vis_restricted(&mut self, _: &'a syn::VisRestricted) {
        // Who may see a name is no use of it.
    }
}

fn plain(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(it) => &it.attrs,
        syn::Item::Enum(it) => &it.attrs,
        syn::Item::Fn(it) => &it.attrs,
        syn::Item::Impl(it) => &it.attrs,
        syn::Item::Macro(it) => &it.attrs,
        syn::Item::Mod(it) => &it.attrs,
        syn::Item::Static(it) => &it.attrs,
        syn::Item::Struct(it) => &it.attrs,
        syn::Item::Trait(it) => &it.attrs,
        syn::Item::Type(it) => &it.attrs,
        syn::Item::Union(it) => &it.attrs,
        syn::Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

/// The name that an item gives to its module.
fn defined(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(it) => &it.ident,
        syn::Item::Enum(it) => &it.ident,
        syn::Item::Fn(it) => &it.sig.ident,
        syn::Item::Macro(it) => it.ident.as_ref()?,
        syn::Item::Static(it) => &it.ident,
        syn::Item::Struct(it) => &it.ident,
        syn::Item::Trait(it) => &it.ident,
        syn::Item::Type(it) => &it.ident,
        syn::Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(plain(name))
}

/// Checks for `#[cfg(test)]`, alone, with further conditions that must hold as well, or with `fuzzing`.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
            _ => return false,
        };
        let condition = condition.replace("l (", "l(").replace("y (", "y(");
        condition == "test"
            || condition.starts_with("all(test")
            || condition.starts_with("any(test")
    })
}
