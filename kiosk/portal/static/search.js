// Titles that begin so, while one types.
(function () {
	var box = document.getElementById("q"), list, asked, wait, found = [], at;
	if (!box || !box.addEventListener || !window.JSON) return;
	list = document.createElement("ul");
	set(list, { id: "q-list", "class": "suggestions", role: "listbox", "aria-label": box.dataset.label });
	box.parentNode.appendChild(list);
	set(box, { role: "combobox", "aria-autocomplete": "list", "aria-controls": "q-list" });
	show([]);

	function set(tag, map) {
		for (var name in map) tag.setAttribute(name, map[name]);
	}
	function show(rows) {
		found = rows;
		list.textContent = "";
		rows.forEach(function (pair, n) {
			var item = document.createElement("li");
			set(item, { id: "q-" + n, role: "option", dir: "auto" });
			item.textContent = pair[0];
			item.onmousedown = function (e) { e.preventDefault(); };
			item.onclick = function () { location.href = pair[1]; };
			list.appendChild(item);
		});
		list.hidden = !rows.length;
		set(box, { "aria-expanded": !list.hidden });
		mark(-1);
	}
	function mark(n) {
		at = n;
		found.forEach(function (_, i) { set(list.children[i], { "aria-selected": i === n }); });
		if (n < 0) box.removeAttribute("aria-activedescendant"); else set(box, { "aria-activedescendant": "q-" + n });
	}
	function stop() {
		clearTimeout(wait);
		if (asked) asked.abort();
	}
	function ask() {
		asked = new XMLHttpRequest();
		asked.onload = function () {
			if (this.status === 200) show(JSON.parse(this.responseText));
		};
		asked.open("GET", box.dataset.from + "?q=" + encodeURIComponent(box.value));
		asked.send();
	}
	box.oninput = function () {
		stop();
		if (box.value.length < 2) show([]); else wait = setTimeout(ask, 250);
	};
	box.onblur = function () { stop(); show([]); };
	box.onkeydown = function (e) {
		var key = e.keyCode, all = found.length;
		if (!all) return;
		if (key === 40) mark(at + 1 < all ? at + 1 : -1);
		else if (key === 38) mark(at < 0 ? all - 1 : at - 1);
		else if (key === 27) show([]);
		else if (key === 13 && at >= 0) location.href = found[at][1];
		else return;
		e.preventDefault();
	};
}());
