// The search. The build writes search-index.js, which sets `searchIndex`: a script, because a page that was opened from
// the disk may load scripts, but may not fetch other files. It is loaded when the search is first used.
(() => {
    const root = document.documentElement.dataset.root;
    const box = document.querySelector("#search input");
    const list = document.querySelector("#search ol");
    const limit = 20;

    function load() {
        if (document.getElementById("search-index")) return;
        const script = document.createElement("script");
        script.id = "search-index";
        script.src = root + "search-index.js";
        script.addEventListener("load", show);
        document.head.append(script);
    }

    const count = (text, word) => text.toLowerCase().split(word).length - 1;

    // A page is found if it has every word. A word in the title counts more than one in a heading or in the text, and a page
    // of the documentation more than one of the reference.
    function score(page, words) {
        let total = 0;
        for (const word of words) {
            const title = page.title.toLowerCase();
            const found =
                (title === word ? 200 : 0) + (title.startsWith(word) ? 50 : 0) + 50 * count(title, word)
                + 10 * count(page.headings, word) + Math.min(count(page.text, word), 9);
            if (found === 0) return 0;
            total += found;
        }
        return page.path.startsWith("reference/") ? total : 3 * total;
    }

    // Whole words of the text around the first word.
    function excerpt(text, word) {
        const at = text.toLowerCase().indexOf(word);
        const start = at < 60 ? 0 : text.indexOf(" ", at - 60) + 1;
        const rest = text.slice(start);
        return (start > 0 ? "… " : "") + (rest.length > 140 ? rest.slice(0, 140).replace(/ \S*$/, " …") : rest);
    }

    function item(page, words) {
        const link = document.createElement("a");
        const title = document.createElement("strong");
        const text = document.createElement("span");
        link.href = root + page.path;
        title.textContent = page.title;
        text.textContent = excerpt(page.text, words[0]);
        link.append(title, text);
        const entry = document.createElement("li");
        entry.append(link);
        return entry;
    }

    function show() {
        const words = box.value.toLowerCase().split(/\s+/).filter(word => word !== "");
        list.hidden = words.length === 0 || typeof searchIndex === "undefined";
        if (list.hidden) return;

        const found = searchIndex
            .map(page => ({ page, score: score(page, words) }))
            .filter(each => each.score > 0)
            .sort((a, b) => b.score - a.score)
            .slice(0, limit);

        list.replaceChildren(...found.map(each => item(each.page, words)));
        if (found.length === 0) list.append("No page has all of these words.");
    }

    box.addEventListener("focus", load);
    box.addEventListener("focus", show);
    box.addEventListener("input", show);

    box.addEventListener("keydown", event => {
        if (event.key === "Enter" && !list.hidden) list.querySelector("a")?.click();
    });

    addEventListener("keydown", event => {
        const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);
        if (event.key === "/" && !isTyping) {
            event.preventDefault();
            box.focus();
        }
        if (event.key === "Escape") list.hidden = true;
    });

    addEventListener("click", event => {
        if (!event.target.closest("#search")) list.hidden = true;
    });
})();
